import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { readUser } from "../../../../src/iam/schema.ts";
import { DetailPage, ErrorPanel, Loading } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { RulesTab } from "../access/rules-tab.tsx";
import { SessionsTab } from "../sessions-tab.tsx";
import { useSignInTab } from "../tokens/user-tabs.tsx";
import { useUserActions } from "./user-actions.tsx";
import { UserFactors } from "./user-factors.tsx";
import { UserGroups } from "./user-groups.tsx";
import { UserIdentities } from "./user-identities.tsx";
import { UserKeys } from "./user-keys.tsx";
import { UserOrganizations } from "./user-organizations.tsx";
import { UserPermissions } from "./user-permissions.tsx";
import { useRoles, UserFacts, UserState } from "./user-list.tsx";
import "../admin.css";

/** One user: groups, keys, rules, sessions, activity. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id = "" } = useParams();
  useRoles();
  const read = useEndpoint(readUser, { id });
  const { actionsOf, dialogs } = useUserActions(() => void navigate("/console/users", { replace: true }));
  const may = {
    groups: useMay("group.list"),
    organizations: useMay("site-user.read"),
    permissions: useMay("user.permissions.read"),
    keys: useMay("user.ssh-key.list"),
    identities: useMay("user.identity.list"),
    factors: useMay("user.factor.list"),
    rules: useMay("grant.list"),
    sessions: useMay("session.list"),
  };
  const user = read.data;
  const signInTab = useSignInTab(user);
  if (read.isError && user?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!user || user.id !== id) return <Loading lines={10} />;
  return (
    <>
      <DetailPage
        title={user.name}
        parent={{ label: t("identity.users.title"), href: "/console/users" }}
        state={<UserState user={user} t={t} />}
        subtitle={<span className="mono">{user.loginName}</span>}
        actions={actionsOf(user)}
        activityOf={user.id}
        tabs={[
          ...(may.rules
            ? [
                {
                  key: "rules",
                  label: t("access.rules.title"),
                  children: <RulesTab side="userId" id={id} name={user.name} through={user.groups} />,
                },
              ]
            : []),
          ...(may.groups ? [{ key: "groups", label: t("terms.groups"), children: <UserGroups user={user} /> }] : []),
          ...(may.organizations
            ? [{ key: "organizations", label: t("orgs.title"), children: <UserOrganizations user={user} /> }]
            : []),
          ...(may.permissions
            ? [{ key: "permissions", label: t("identity.roles.effective"), children: <UserPermissions user={user} /> }]
            : []),
          ...(may.keys ? [{ key: "keys", label: t("identity.keys.title"), children: <UserKeys user={user} /> }] : []),
          ...(may.identities
            ? [
                {
                  key: "identities",
                  label: t("identity.identities.title"),
                  children: <UserIdentities user={user} />,
                },
              ]
            : []),
          ...(may.factors
            ? [{ key: "factors", label: t("identity.factors.title"), children: <UserFactors user={user} /> }]
            : []),
          ...signInTab,
          ...(may.sessions
            ? [{ key: "sessions", label: t("terms.sessions"), children: <SessionsTab of={{ userId: id }} /> }]
            : []),
        ]}
        rail={<UserFacts user={user} t={t} />}
      />
      {dialogs}
    </>
  );
}
