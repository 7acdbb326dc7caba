import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addGroupMembers, type Group, listGroups, removeGroupMembers, type User } from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { FormDrawer, ListPage } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { groups } from "../sources.ts";
import { groupColumns } from "./group-list.tsx";

/** The groups that a user is in, as a tab of the user's page. */
export function UserGroups({ user }: { user: User }) {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const [mayAdd, mayRemove] = [useMay("group.member.add"), useMay("group.member.remove")];
  const add = mayAdd && <Button onClick={() => setAdding(true)}>{t("identity.groups.addTo")}</Button>;
  return (
    <>
      <ListPage
        inside="groups"
        title={t("terms.groups")}
        endpoint={listGroups}
        input={{ userId: user.id }}
        columns={groupColumns(t)}
        href={({ id }) => `/console/groups/${id}`}
        actions={add}
        {...(mayRemove && {
          bulk: [
            {
              key: "leave",
              label: t("identity.groups.leave"),
              confirm: (rows: readonly Group[]) => ({
                title: t("identity.groups.leaveMany", { count: rows.length, name: user.name }),
                text: t("identity.groups.takeOutText"),
              }),
              run: ({ id }: Group) => call(removeGroupMembers, { id, userIds: [user.id] }),
            },
          ],
        })}
        empty={{
          title: t("identity.groups.noGroupsTitle"),
          text: t("identity.groups.noGroupsText", { name: user.name }),
          action: add,
        }}
      />
      {adding && (
        <FormDrawer
          title={t("identity.groups.addTo")}
          verb={t("identity.groups.addTo")}
          endpoint={addGroupMembers}
          fixed={{ userIds: [user.id] }}
          groups={[
            {
              text: t("identity.groups.peopleText"),
              fields: [{ name: "id", label: t("identity.groups.which"), source: groups }],
            },
          ]}
          done={() => undefined}
          close={() => setAdding(false)}
        />
      )}
    </>
  );
}
