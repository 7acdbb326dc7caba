import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  addBackendMapping,
  type BackendMapping,
  listBackendMappings,
  listRoles,
  removeBackendMapping,
  type SignInBackend,
} from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { type Column, FormDrawer, ListPage, source } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { groups } from "../sources.ts";

const roles = source({ list: listRoles, input: { scope: "organization" }, name: ({ name }) => name });

/** What the backend's groups give here. */
export function Mappings({ backend }: { backend: SignInBackend }) {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const may = { add: useMay("sign-in-backend.mapping.add"), remove: useMay("sign-in-backend.mapping.remove") };
  const columns: readonly Column<BackendMapping>[] = [
    {
      key: "outside",
      title: t("backends.mapping.outside"),
      width: "minmax(140px, 2fr)",
      always: true,
      render: ({ outsideGroup }) => (
        <span className="mono" title={outsideGroup}>
          {outsideGroup}
        </span>
      ),
    },
    {
      key: "gives",
      title: t("backends.mapping.gives"),
      width: "minmax(120px, 1fr)",
      always: true,
      render: ({ group, role }) =>
        group ? `${t("backends.mapping.group")}: ${group.name}` : `${t("backends.mapping.role")}: ${role?.name ?? ""}`,
    },
    {
      key: "organization",
      title: t("backends.mapping.organization"),
      width: "minmax(100px, 1fr)",
      wide: true,
      render: ({ organization }) => organization.name,
    },
  ];
  const add = may.add && (
    <Button type="primary" onClick={() => setAdding(true)}>
      {t("backends.mapping.add")}
    </Button>
  );
  return (
    <>
      <ListPage
        inside="mappings"
        title={t("backends.mappings")}
        endpoint={listBackendMappings}
        input={{ id: backend.id }}
        columns={columns}
        nameOf={({ outsideGroup }) => outsideGroup}
        actions={add}
        {...(may.remove && {
          bulk: [
            {
              key: "remove",
              label: t("backends.mapping.remove"),
              danger: true,
              confirm: (rows: readonly BackendMapping[]) => ({
                title: t("backends.mapping.removeMany", { count: rows.length }),
                text: t("backends.mapping.removeText"),
              }),
              run: ({ id }: BackendMapping) => call(removeBackendMapping, { id: backend.id, mappingId: id }),
            },
          ],
        })}
        empty={{ title: t("backends.mapping.emptyTitle"), text: t("backends.mapping.emptyText"), action: add }}
      />
      {adding && <AddMapping backend={backend} close={() => setAdding(false)} />}
    </>
  );
}

function AddMapping({ backend, close }: { backend: SignInBackend; close: () => void }) {
  const { t } = useTranslation();
  const organization = useMe()?.organization;
  if (!organization) return null;
  return (
    <FormDrawer
      title={t("backends.mapping.add")}
      verb={t("backends.mapping.add")}
      endpoint={addBackendMapping}
      fixed={{ id: backend.id, orgId: organization.id }}
      groups={[
        {
          fields: [
            {
              name: "outsideGroup",
              label: t("backends.mapping.outside"),
              help: t("backends.mapping.outsideHelp"),
              mono: true,
            },
          ],
        },
        {
          title: t("backends.mapping.gives"),
          text: t("backends.mapping.what", { organization: organization.name }),
          fields: [
            { name: "groupId", label: t("backends.mapping.group"), source: groups },
            { name: "roleId", label: t("backends.mapping.role"), source: roles, kind: "id" },
          ],
        },
      ]}
      done={() => undefined}
      close={close}
    />
  );
}
