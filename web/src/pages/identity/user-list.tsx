import type { TFunction } from "i18next";
import { Link } from "react-router";
import { listRoles, type Role, type User } from "../../../../src/iam/schema.ts";
import { type Column, Facts, learnNames, nameOfId, Names, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";

/** The state of a user in words. */
export const UserState = ({ user, t }: { user: User; t: TFunction }) => (
  <StateTag tone={user.active ? "good" : "off"}>{user.active ? t("terms.active") : t("terms.disabled")}</StateTag>
);

const roleNames = (user: User) => user.roles.map((id) => ({ id, name: nameOfId(id) ?? id }));

/** Makes the names of the roles known to lists and facts; an id stands where they may not be read. */
export function useRoles(): readonly Role[] {
  const may = useMay("role.list");
  const known = useEndpoint(listRoles, { limit: 200 }, { enabled: may }).data?.items;
  if (known) learnNames(known);
  return known ?? NONE;
}

const NONE: readonly Role[] = [];

/** The columns of every list of users. */
export const userColumns = (t: TFunction): readonly Column<User>[] => [
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(140px, 1.4fr)",
    always: true,
    render: ({ name }) => <span className="strong">{name}</span>,
  },
  {
    key: "loginName",
    title: t("terms.loginName"),
    width: "minmax(120px, 1fr)",
    render: ({ loginName }) => <span className="mono">{loginName}</span>,
  },
  {
    key: "state",
    title: t("terms.state"),
    width: "100px",
    render: (user) => <UserState user={user} t={t} />,
  },
  {
    key: "roles",
    title: t("identity.users.roles"),
    width: "minmax(100px, 0.8fr)",
    wide: true,
    render: (user) => <Names items={roleNames(user)} />,
  },
  {
    key: "groups",
    title: t("terms.groups"),
    width: "minmax(160px, 1.6fr)",
    wide: true,
    render: ({ groups }) => <Names items={groups} />,
  },
  {
    key: "lastSignIn",
    title: t("identity.users.lastSignIn"),
    width: "120px",
    wide: true,
    render: ({ lastSignInAt }) => <Time at={lastSignInAt} />,
  },
  {
    key: "email",
    title: t("identity.users.email"),
    width: "minmax(140px, 1fr)",
    hidden: true,
    render: ({ email }) => email,
  },
  {
    key: "password",
    title: t("identity.users.signsInWith"),
    width: "130px",
    hidden: true,
    render: (user) => passwordWords(user, t),
  },
  {
    key: "comment",
    title: t("terms.comment"),
    width: "minmax(120px, 1fr)",
    hidden: true,
    render: ({ comment }) => comment,
  },
  {
    key: "created",
    title: t("terms.created"),
    width: "120px",
    hidden: true,
    render: ({ createdAt }) => <Time at={createdAt} />,
  },
];

const passwordWords = ({ hasPassword }: User, t: TFunction): string =>
  hasPassword ? t("identity.users.withPassword") : t("identity.users.withoutPassword");

/** Everything known of a user, as in a side panel or a rail. */
export function UserFacts({ user, t }: { user: User; t: TFunction }) {
  return (
    <Facts
      items={[
        [t("terms.state"), <UserState key="s" user={user} t={t} />],
        [
          t("terms.loginName"),
          <span key="l" className="mono selectable">
            {user.loginName}
          </span>,
        ],
        [t("identity.users.email"), user.email],
        [
          t("identity.users.roles"),
          user.roles.length > 0 ? <Names items={roleNames(user)} max={5} /> : t("identity.users.noRole"),
        ],
        [
          t("terms.groups"),
          user.groups.length > 0 && (
            <span key="g" className="link-list">
              {user.groups.map(({ id, name }) => (
                <Link key={id} to={`/console/groups/${id}`}>
                  {name}
                </Link>
              ))}
            </span>
          ),
        ],
        [t("identity.users.signsInWith"), passwordWords(user, t)],
        [t("identity.users.lastSignIn"), <Time key="i" at={user.lastSignInAt} />],
        [t("terms.created"), <Time key="c" at={user.createdAt} />],
        [t("terms.comment"), user.comment],
      ]}
    />
  );
}
