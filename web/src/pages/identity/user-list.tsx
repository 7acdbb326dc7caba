import type { TFunction } from "i18next";
import { Link } from "react-router";
import { listRoles, type Role, type User } from "../../../../src/iam/schema.ts";
import { type Column, Facts, learnNames, nameOfId, Names, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";

const isOver = ({ active, expiresAt }: User): boolean =>
  !active || (expiresAt !== null && new Date(expiresAt).getTime() <= Date.now());

/** The state of a user in words. */
export const UserState = ({ user, t }: { user: User; t: TFunction }) => (
  <StateTag tone={isOver(user) ? "off" : "good"}>
    {!user.active ? t("terms.disabled") : isOver(user) ? t("orgs.fields.expired") : t("terms.active")}
  </StateTag>
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
/** Above that the tab of groups has them. */
const MOST_GROUPS = 5;

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
    key: "sources",
    title: t("orgs.fields.sources"),
    width: "130px",
    hidden: true,
    render: (user) => sourceWords(user, t),
  },
  {
    key: "expires",
    title: t("orgs.fields.expiresAt"),
    width: "120px",
    hidden: true,
    render: ({ expiresAt }) => expiresAt && <Time at={expiresAt} />,
  },
  {
    key: "secondFactor",
    title: t("orgs.fields.secondFactor"),
    width: "120px",
    hidden: true,
    render: ({ hasSecondFactor }) => (hasSecondFactor ? t("kit.yes") : t("kit.no")),
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

const sourceWords = ({ sources }: User, t: TFunction): string =>
  sources.length === 0
    ? t("orgs.fields.none")
    : sources.map(({ id, name }) => (id === "password" ? t("identity.users.withPassword") : name)).join(", ");

/** Everything known of a user, as in a side panel or a rail. */
export function UserFacts({ user, t }: { user: User; t: TFunction }) {
  return (
    <Facts
      items={[
        [t("terms.state"), <UserState key="s" user={user} t={t} />],
        ["", user.disabledReason && t(`orgs.fields.reasons.${user.disabledReason}`)],
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
              {user.groups.slice(0, MOST_GROUPS).map(({ id, name }) => (
                <Link key={id} to={`/console/groups/${id}`}>
                  {name}
                </Link>
              ))}
              {user.groups.length > MOST_GROUPS && (
                <Link to={`/console/users/${user.id}?tab=groups`}>+{user.groups.length - MOST_GROUPS}</Link>
              )}
            </span>
          ),
        ],
        [t("orgs.fields.sources"), sourceWords(user, t)],
        [t("orgs.fields.invitedUntil"), user.invitedUntil && <Time key="v" at={user.invitedUntil} />],
        [t("orgs.fields.hasSecondFactor"), user.hasSecondFactor ? t("kit.yes") : t("kit.no")],
        [t("orgs.fields.expiresAt"), user.expiresAt && <Time key="e" at={user.expiresAt} />],
        [t("orgs.fields.phone"), user.phone],
        [t("orgs.fields.timeZone"), user.timeZone],
        [t("orgs.fields.lastUsed"), user.lastUsedAt && <Time key="u" at={user.lastUsedAt} />],
        [t("identity.users.lastSignIn"), <Time key="i" at={user.lastSignInAt} />],
        [t("terms.created"), <Time key="c" at={user.createdAt} />],
        [t("terms.comment"), user.comment],
      ]}
    />
  );
}
