import type { TFunction } from "i18next";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  createOrganizationEndpoint,
  deleteOrganization,
  type Organization,
  updateOrganization,
} from "../../../../src/iam/schema.ts";
import { enterOrganization } from "../../app/organization-switch.tsx";
import { ConfirmEnd, type Field, FormDrawer, type PageAction } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";

const fields = (t: TFunction): readonly Field[] => [
  { name: "name", label: t("terms.name") },
  { name: "comment", label: t("terms.comment") },
];

/** Makes an organization. */
export function CreateOrganization({ close, done }: { close: () => void; done: (made: Organization) => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("orgs.create")}
      verb={t("orgs.create")}
      endpoint={createOrganizationEndpoint}
      groups={[{ title: t("orgs.profile"), text: t("orgs.profileText"), fields: fields(t) }]}
      done={done}
      close={close}
    />
  );
}

/** What one can do with an organization. */
export function useOrganizationActions(gone?: () => void): {
  readonly actionsOf: (organization: Organization) => readonly PageAction[];
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const me = useMe();
  const [mayChange, mayDelete] = [useMay("organization.update"), useMay("organization.delete")];
  const [editing, setEditing] = useState<Organization | null>(null);
  const [deleting, setDeleting] = useState<Organization | null>(null);
  const [error, setError] = useState<unknown>(null);
  const remove = useAction(deleteOrganization);
  const actionsOf = (organization: Organization): PageAction[] => {
    const here = me?.organization.id === organization.id;
    const enter = () => void enterOrganization(organization.id).catch(setError);
    return [
      { key: "enter", label: here ? t("orgs.here") : t("orgs.enter"), disabled: here, run: enter },
      ...(mayChange ? [{ key: "edit", label: t("orgs.edit"), run: () => setEditing(organization) }] : []),
      ...(mayDelete && !here
        ? [{ key: "delete", label: t("orgs.delete"), danger: true, run: () => setDeleting(organization) }]
        : []),
    ];
  };
  const dialogs = (
    <>
      <ActionFailed error={error} close={() => setError(null)} />
      {editing && (
        <FormDrawer
          title={t("orgs.edit")}
          endpoint={updateOrganization}
          before={editing}
          fixed={{ id: editing.id, version: editing.version }}
          groups={[{ title: t("orgs.profile"), text: t("orgs.profileText"), fields: fields(t) }]}
          done={() => undefined}
          close={() => setEditing(null)}
        />
      )}
      {deleting && (
        <ConfirmEnd
          title={t("orgs.deleteTitle", { name: deleting.name })}
          text={t("orgs.deleteText")}
          live={undefined}
          names={[deleting.name]}
          verb={t("orgs.delete")}
          close={() => setDeleting(null)}
          run={async () => {
            await remove.mutateAsync({ id: deleting.id });
            gone?.();
          }}
        />
      )}
    </>
  );
  return { actionsOf, dialogs };
}
