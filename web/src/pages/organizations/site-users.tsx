import { useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteSiteUser, listSiteUsers, type SiteUser, updateSiteUser } from "../../../../src/iam/schema.ts";
import {
  type Column,
  ConfirmEnd,
  Facts,
  type Filter,
  ListPage,
  Names,
  type PageAction,
  StateTag,
  Time,
} from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { PanelActions } from "../panel-actions.tsx";
import { useSetActive } from "../set-active.ts";
import "../admin.css";

/** The users of all organizations. */
export function Page() {
  const { t } = useTranslation();
  const me = useMe();
  const [mayChange, mayDelete] = [useMay("site-user.update"), useMay("site-user.delete")];
  const [asking, setAsking] = useState<{ what: "disable" | "delete"; user: SiteUser } | null>(null);
  const change = useSetActive(updateSiteUser);
  const remove = useAction(deleteSiteUser);
  const named = (roles: readonly string[]) => roles.map((id) => ({ id, name: id }));
  const columns: readonly Column<SiteUser>[] = [
    {
      key: "name",
      title: t("terms.name"),
      width: "minmax(140px, 1.2fr)",
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
      render: ({ active }) => (
        <StateTag tone={active ? "good" : "off"}>{active ? t("terms.active") : t("terms.disabled")}</StateTag>
      ),
    },
    {
      key: "organizations",
      title: t("orgs.siteUsers.organizations"),
      width: "minmax(160px, 1.6fr)",
      wide: true,
      render: ({ organizations }) => <Names items={organizations} />,
    },
    {
      key: "systemRoles",
      title: t("orgs.siteUsers.systemRoles"),
      width: "minmax(120px, 1fr)",
      wide: true,
      render: ({ systemRoles }) => <Names items={named(systemRoles)} />,
    },
    {
      key: "lastSignIn",
      title: t("identity.users.lastSignIn"),
      width: "120px",
      wide: true,
      render: ({ lastSignInAt }) => <Time at={lastSignInAt} />,
    },
  ];
  const yesNo = [
    { value: "yes", label: t("kit.yes") },
    { value: "no", label: t("kit.no") },
  ];
  const filters: readonly Filter[] = [
    { name: "active", param: "active", label: t("terms.active"), kind: "choice", choices: yesNo },
    { name: "expired", param: "expired", label: t("orgs.fields.expired"), kind: "choice", choices: yesNo },
    {
      name: "kind",
      param: "kind",
      label: t("orgs.fields.kind"),
      kind: "choice",
      choices: (["person", "service"] as const).map((value) => ({ value, label: t(`orgs.fields.kinds.${value}`) })),
    },
  ];
  const actionsOf = (user: SiteUser): PageAction[] => {
    if (user.id === me?.id) return [];
    const enable = () => change.mutate({ id: user.id, version: user.version, active: true });
    const ask = (what: "disable" | "delete") => () => setAsking({ what, user });
    return [
      ...(mayChange && user.active
        ? [{ key: "disable", label: t("identity.users.disable"), run: ask("disable") }]
        : []),
      ...(mayChange && !user.active ? [{ key: "enable", label: t("identity.users.enable"), run: enable }] : []),
      ...(mayDelete ? [{ key: "delete", label: t("identity.users.delete"), danger: true, run: ask("delete") }] : []),
    ];
  };
  return (
    <>
      <ListPage
        title={t("orgs.siteUsers.title")}
        endpoint={listSiteUsers}
        columns={columns}
        filters={filters}
        panel={(user) => (
          <>
            <PanelActions actions={actionsOf(user)} />
            <Facts
              items={[
                [t("terms.loginName"), user.loginName],
                [t("identity.users.email"), user.email],
                [t("orgs.siteUsers.organizations"), <Names key="o" items={user.organizations} max={20} />],
                [t("orgs.siteUsers.systemRoles"), <Names key="r" items={named(user.systemRoles)} max={10} />],
                [t("orgs.siteUsers.expires"), user.expiresAt && <Time key="e" at={user.expiresAt} />],
                [t("identity.users.lastSignIn"), <Time key="i" at={user.lastSignInAt} />],
                [t("terms.created"), <Time key="c" at={user.createdAt} />],
              ]}
            />
          </>
        )}
        empty={{ title: t("orgs.siteUsers.emptyTitle") }}
      />
      <ActionFailed error={change.error} close={change.reset} />
      {asking && (
        <ConfirmEnd
          title={t(asking.what === "disable" ? "orgs.siteUsers.disableTitle" : "orgs.siteUsers.deleteTitle", {
            name: asking.user.name,
          })}
          text={t(asking.what === "disable" ? "orgs.siteUsers.disableText" : "orgs.siteUsers.deleteText", {
            name: asking.user.name,
          })}
          live={undefined}
          names={[asking.user.name]}
          verb={t(asking.what === "disable" ? "identity.users.disable" : "identity.users.delete")}
          close={() => setAsking(null)}
          run={async () => {
            const { id, version } = asking.user;
            if (asking.what === "disable") await change.mutateAsync({ id, version, active: false });
            else await remove.mutateAsync({ id });
          }}
        />
      )}
    </>
  );
}
