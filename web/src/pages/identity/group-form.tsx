import { useTranslation } from "react-i18next";
import { addGroupMembers, createGroup, type Group, updateGroup } from "../../../../src/iam/schema.ts";
import { FormDrawer } from "../../kit/index.ts";
import { people } from "../sources.ts";

/** Makes a group with its first members. */
export function CreateGroup({ close, done }: { close: () => void; done: (group: Group) => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("identity.groups.create")}
      verb={t("identity.groups.create")}
      endpoint={createGroup}
      groups={[
        {
          title: t("identity.groups.group"),
          text: t("identity.groups.groupText"),
          fields: [
            { name: "name", label: t("terms.name") },
            { name: "comment", label: t("terms.comment") },
          ],
        },
        {
          title: t("identity.groups.members"),
          fields: [{ name: "userIds", label: t("identity.groups.people"), source: people }],
        },
      ]}
      done={done}
      close={close}
    />
  );
}

export function EditGroup({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("identity.groups.edit")}
      endpoint={updateGroup}
      before={group}
      fixed={{ id: group.id, version: group.version }}
      groups={[
        {
          fields: [
            { name: "name", label: t("terms.name") },
            { name: "comment", label: t("terms.comment") },
          ],
        },
      ]}
      done={() => undefined}
      close={close}
    />
  );
}

export function AddMembers({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("identity.groups.addMembers")}
      verb={t("identity.groups.addMembers")}
      endpoint={addGroupMembers}
      fixed={{ id: group.id }}
      groups={[
        {
          text: t("identity.groups.peopleText"),
          fields: [{ name: "userIds", label: t("identity.groups.people"), source: people }],
        },
      ]}
      consequence={({ userIds }) =>
        Array.isArray(userIds) && userIds.length > 0 && t("identity.groups.will", { count: userIds.length })
      }
      done={() => undefined}
      close={close}
    />
  );
}
