import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { readUserPermissions, setSystemRoles, type User } from "../../../../src/iam/schema.ts";
import { ErrorPanel, FormDrawer, Loading } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { systemRoles } from "../sources.ts";
import { byDomain } from "./role-domains.ts";

/** What a user may do in this organization, and which role gives each. */
export function UserPermissions({ user }: { user: Pick<User, "id" | "name"> }) {
  const { t } = useTranslation();
  const read = useEndpoint(readUserPermissions, { id: user.id });
  if (read.isError) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!read.data) return <Loading lines={6} />;
  const { roles, permissions } = read.data;
  const bind = <SystemRoles user={user} held={roles.filter(({ scope }) => scope === "system")} />;
  if (permissions.length === 0)
    return (
      <div className="tab-body">
        <p className="muted">{t("identity.roles.effectiveNone", { name: user.name })}</p>
        {bind}
      </div>
    );
  const nameOf = new Map(roles.map(({ id, name }) => [id, name]));
  const byName = new Map(permissions.map((one) => [one.name, one]));
  return (
    <div className="tab-body readable">
      <p className="muted">{t("identity.roles.effectiveText", { name: user.name })}</p>
      {bind}
      {byDomain(permissions.map(({ name }) => name)).map(({ domain, held }) => (
        <section key={domain}>
          <h3 className="section-title">{t(`identity.roles.domains.${domain}`)}</h3>
          <ul className="permission-list">
            {held
              .flatMap(({ thing, reads, writes }) => [...reads, ...writes].map((verb) => `${thing}.${verb}`))
              .flatMap((name) => byName.get(name) ?? [])
              .map(({ name, title, from }) => (
                <li key={name}>
                  <span>{title}</span>
                  <span className="muted">
                    <span className="mono">{name}</span>{" "}
                    {t("identity.roles.through", { roles: from.map((id) => nameOf.get(id) ?? id).join(", ") })}
                  </span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** Gives roles of the system, for who may. */
function SystemRoles({
  user,
  held,
}: {
  user: Pick<User, "id" | "name">;
  held: readonly { readonly id: string; readonly name: string }[];
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const mayBind = useMay("site-role.bind");
  const me = useMe();
  if (!mayBind || user.id === me?.id) return null;
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("identity.roles.systemRoles")}
      </Button>
      {open && (
        <FormDrawer
          title={t("identity.roles.systemRolesOf", { name: user.name })}
          endpoint={setSystemRoles}
          initial={{ roles: held.map(({ id }) => id) }}
          fixed={{ id: user.id }}
          groups={[
            {
              text: t("identity.roles.systemText"),
              fields: [{ name: "roles", label: t("identity.roles.title"), source: systemRoles, named: held }],
            },
          ]}
          done={() => undefined}
          close={() => setOpen(false)}
        />
      )}
    </>
  );
}
