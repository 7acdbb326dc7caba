import { useTranslation } from "react-i18next";
import { readUserPermissions, type User } from "../../../../src/iam/schema.ts";
import { ErrorPanel, Loading } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import { byDomain } from "./role-domains.ts";

/** What a user may do in this organization, and which role gives each. */
export function UserPermissions({ user }: { user: Pick<User, "id" | "name"> }) {
  const { t } = useTranslation();
  const read = useEndpoint(readUserPermissions, { id: user.id });
  if (read.isError) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!read.data) return <Loading lines={6} />;
  const { roles, permissions } = read.data;
  if (permissions.length === 0)
    return <p className="muted">{t("identity.roles.effectiveNone", { name: user.name })}</p>;
  const nameOf = new Map(roles.map(({ id, name }) => [id, name]));
  const byName = new Map(permissions.map((one) => [one.name, one]));
  return (
    <div className="readable">
      <p className="muted">{t("identity.roles.effectiveText", { name: user.name })}</p>
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
