import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { readSiteUser, type User } from "../../../../src/iam/schema.ts";
import { enterOrganization } from "../../app/organization-switch.tsx";
import { ErrorPanel, Loading, Names, nameOfId, StateTag } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";

/** As many as the server names. */
const MOST = 20;

/** Where a user is a member, as a tab of the user's page: for those who administer the site. */
export function UserOrganizations({ user }: { user: Pick<User, "id" | "name"> }) {
  const { t } = useTranslation();
  const me = useMe();
  const mayRead = useMay("organization.read");
  const read = useEndpoint(readSiteUser, { id: user.id });
  const [error, setError] = useState<unknown>(null);
  if (read.isError) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!read.data) return <Loading lines={4} />;
  const { organizations, systemRoles } = read.data;
  return (
    <div className="tab-body readable stack">
      <p className="muted">{t("orgs.memberships.text", { name: user.name })}</p>
      {systemRoles.length > 0 && (
        <p>
          {t("orgs.memberships.everywhere", { name: user.name })}{" "}
          <Names items={systemRoles.map((id) => ({ id, name: nameOfId(id) ?? id }))} max={5} />
        </p>
      )}
      <ul className="plain-list">
        {organizations.map(({ id, name }) => (
          <li key={id} className="note-head">
            {mayRead ? <Link to={`/console/organizations/${id}`}>{name}</Link> : <span>{name}</span>}
            {id === me?.organization.id ? (
              <StateTag tone="info">{t("orgs.here")}</StateTag>
            ) : (
              <Button
                size="small"
                aria-label={t("orgs.memberships.enter", { name })}
                onClick={() => void enterOrganization(id).catch(setError)}
              >
                {t("orgs.enter")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {organizations.length >= MOST && <p className="muted">{t("orgs.memberships.most", { count: MOST })}</p>}
      <ActionFailed error={error} close={() => setError(null)} />
    </div>
  );
}
