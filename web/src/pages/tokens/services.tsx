import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { createServiceAccount, listServiceAccounts, type ServiceAccount } from "../../../../src/iam/schema.ts";
import { type Column, FormDrawer, ListPage, nameOfId, Names, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useCreateKey } from "../create-key.ts";
import { useRoles } from "../identity/user-list.tsx";
import { roles } from "../sources.ts";
import "../admin.css";

/** The service accounts of the organization. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const mayCreate = useMay(createServiceAccount.name);
  useRoles();
  useCreateKey(mayCreate, t("tokens.services.create"), () => setCreating(true));
  const create = mayCreate && (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t("tokens.services.create")}
    </Button>
  );
  const columns: readonly Column<ServiceAccount>[] = [
    {
      key: "name",
      title: t("terms.name"),
      width: "minmax(140px, 1.4fr)",
      always: true,
      render: ({ name }) => <span className="strong">{name}</span>,
    },
    {
      key: "loginName",
      title: t("tokens.services.loginName"),
      width: "minmax(120px, 1fr)",
      wide: true,
      render: ({ loginName }) => <span className="mono">{loginName}</span>,
    },
    { key: "state", title: t("terms.state"), width: "100px", render: (service) => <ServiceState service={service} /> },
    {
      key: "roles",
      title: t("tokens.services.roles"),
      width: "minmax(100px, 1fr)",
      wide: true,
      render: (service) => <Names items={service.roles.map((id) => ({ id, name: nameOfId(id) ?? id }))} />,
    },
    { key: "keys", title: t("tokens.services.keys"), width: "80px", align: "right", render: ({ keys }) => keys },
    {
      key: "used",
      title: t("tokens.services.lastUsed"),
      width: "120px",
      wide: true,
      render: ({ usedAt }) => <Time at={usedAt} />,
    },
  ];
  return (
    <>
      <ListPage
        title={t("tokens.services.title")}
        endpoint={listServiceAccounts}
        columns={columns}
        href={({ id }) => `/console/service-accounts/${id}`}
        actions={create}
        empty={{ title: t("tokens.services.emptyTitle"), text: t("tokens.services.emptyText"), action: create }}
      />
      {creating && (
        <FormDrawer
          title={t("tokens.services.create")}
          verb={t("tokens.services.create")}
          endpoint={createServiceAccount}
          groups={[
            {
              text: t("tokens.services.text"),
              fields: [
                { name: "name", label: t("terms.name") },
                { name: "loginName", label: t("tokens.services.loginName"), mono: true },
                {
                  name: "roles",
                  label: t("tokens.services.roles"),
                  help: t("tokens.services.rolesHelp"),
                  kind: "ids",
                  source: roles,
                },
                { name: "comment", label: t("terms.comment") },
              ],
            },
          ]}
          done={({ id }) => void navigate(`/console/service-accounts/${id}`)}
          close={() => setCreating(false)}
        />
      )}
    </>
  );
}

/** The state of a service account in words. */
export function ServiceState({ service }: { service: ServiceAccount }) {
  const { t } = useTranslation();
  const { active } = service;
  return <StateTag tone={active ? "good" : "off"}>{active ? t("terms.active") : t("terms.disabled")}</StateTag>;
}
