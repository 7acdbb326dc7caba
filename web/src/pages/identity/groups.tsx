import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { deleteGroup, type Group, listGroups } from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { ListPage } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useCreateKey } from "../create-key.ts";
import { CreateGroup } from "./group-form.tsx";
import { groupColumns } from "./group-list.tsx";
import "../admin.css";

/** The groups of the organization. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const [mayCreate, mayDelete] = [useMay("group.create"), useMay("group.delete")];
  useCreateKey(mayCreate, t("identity.groups.create"), () => setCreating(true));
  const create = mayCreate && (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t("identity.groups.create")}
    </Button>
  );
  return (
    <>
      <ListPage
        title={t("identity.groups.title")}
        endpoint={listGroups}
        columns={groupColumns(t)}
        href={({ id }) => `/console/groups/${id}`}
        actions={create}
        {...(mayDelete && {
          bulk: [
            {
              key: "delete",
              label: t("identity.groups.delete"),
              danger: true,
              confirm: (rows: readonly Group[]) => ({
                title: t("identity.groups.deleteMany", { count: rows.length }),
                text: t("identity.groups.deleteManyText"),
              }),
              run: ({ id }: Group) => call(deleteGroup, { id }),
            },
          ],
        })}
        empty={{ title: t("identity.groups.emptyTitle"), text: t("identity.groups.emptyText"), action: create }}
      />
      {creating && (
        <CreateGroup close={() => setCreating(false)} done={({ id }) => void navigate(`/console/groups/${id}`)} />
      )}
    </>
  );
}
