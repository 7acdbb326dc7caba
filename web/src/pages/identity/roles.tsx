import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listRoles, type Role } from "../../../../src/iam/schema.ts";
import { type Column, ListPage } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { useRoleActions } from "./role-actions.tsx";
import { byDomain } from "./role-domains.ts";
import "../admin.css";

/** The roles and what they hold. */
export function Page() {
  const { t } = useTranslation();
  const [mayCreate, maySite] = [useMay("role.create"), useMay("site-role.create")];
  const { actionsOf, create, dialogs } = useRoleActions();
  useCreateKey(mayCreate, t("identity.roles.create"), () => create(null));
  const kindOf = (role: Role): string =>
    role.scope === "system"
      ? t("identity.roles.system")
      : role.builtIn
        ? t("identity.roles.builtIn")
        : role.own
          ? t("identity.roles.own")
          : t("identity.roles.everywhere");
  const columns: readonly Column<Role>[] = [
    {
      key: "name",
      title: t("terms.name"),
      width: "minmax(120px, 200px)",
      always: true,
      render: ({ name }) => <span className="strong">{name}</span>,
    },
    {
      key: "description",
      title: t("identity.roles.description"),
      width: "minmax(160px, 3fr)",
      wide: true,
      render: ({ description }) => <span className="muted">{description}</span>,
    },
    {
      key: "permissions",
      title: t("identity.roles.permissions"),
      width: "140px",
      render: ({ permissions }) => t("identity.roles.holds", { count: permissions.length }),
    },
    {
      key: "kind",
      title: t("identity.roles.kind"),
      width: "90px",
      wide: true,
      render: (role) => <span className="muted">{kindOf(role)}</span>,
    },
  ];
  return (
    <>
      <ListPage
        title={t("identity.roles.title")}
        endpoint={listRoles}
        columns={columns}
        notice={<p className="status-line muted">{t("identity.roles.readOnly")}</p>}
        actions={
          <>
            {maySite && <Button onClick={() => create("organization")}>{t("identity.roles.createSite")}</Button>}
            {maySite && <Button onClick={() => create("system")}>{t("identity.roles.createSystem")}</Button>}
            {mayCreate && (
              <Button type="primary" onClick={() => create(null)}>
                {t("identity.roles.create")}
              </Button>
            )}
          </>
        }
        panel={(role) => (
          <>
            <PanelActions actions={actionsOf(role)} />
            <Holds role={role} />
          </>
        )}
        empty={{ title: t("identity.roles.emptyTitle") }}
      />
      {dialogs}
    </>
  );
}

function Holds({ role }: { role: Role }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="muted">{role.description}</p>
      <p className="panel-link">
        <Link to={`/console/users?q=role:${role.id}`}>{t("identity.users.allOf")}</Link>
      </p>
      {role.permissions.length === 0 && <p className="muted">{t("identity.roles.none")}</p>}
      {byDomain(role.permissions).map(({ domain, held }) => (
        <section key={domain}>
          <h3 className="section-title">{t(`identity.roles.domains.${domain}`)}</h3>
          <dl className="holds">
            {held.map(({ thing, reads, writes }) => (
              <div key={thing}>
                <dt className="mono">{thing}</dt>
                <dd>
                  {reads.map((verb) => (
                    <span key={verb} className="verb" title={t("identity.roles.reads")}>
                      {verb}
                    </span>
                  ))}
                  {writes.map((verb) => (
                    <span key={verb} className="verb verb-write" title={t("identity.roles.writes")}>
                      {verb}
                    </span>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </>
  );
}
