import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteRole, deleteSiteRole, type Role } from "../../../../src/iam/schema.ts";
import { ConfirmEnd, type PageAction } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { CreateRole, EditRole } from "./role-form.tsx";

type Asking =
  | { readonly what: "create"; readonly from: Role | null; readonly site: Role["scope"] | null }
  | { readonly what: "edit" | "delete"; readonly role: Role };

/** What one can do with a role, and the forms that it opens. `create` makes one of the organization, or of the site. */
export function useRoleActions(): {
  readonly actionsOf: (role: Role) => readonly PageAction[];
  readonly create: (site: Role["scope"] | null) => void;
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Asking | null>(null);
  const may = {
    create: useMay("role.create"),
    site: {
      create: useMay("site-role.create"),
      update: useMay("site-role.update"),
      delete: useMay("site-role.delete"),
    },
    update: useMay("role.update"),
    delete: useMay("role.delete"),
  };
  const close = () => setAsking(null);
  const actionsOf = (role: Role): PageAction[] => {
    const [mayUpdate, mayDelete] = role.own ? [may.update, may.delete] : [may.site.update, may.site.delete];
    const mayCopy = role.scope === "system" ? may.site.create : may.create;
    const copy = () => setAsking({ what: "create", from: role, site: role.scope === "system" ? "system" : null });
    return [
      ...(mayCopy ? [{ key: "copy", label: t("identity.roles.copy"), run: copy }] : []),
      ...(mayUpdate && !role.builtIn
        ? [{ key: "edit", label: t("identity.roles.editVerb"), run: () => setAsking({ what: "edit", role }) }]
        : []),
      ...(mayDelete && !role.builtIn
        ? [
            {
              key: "delete",
              label: t("identity.roles.delete"),
              danger: true,
              run: () => setAsking({ what: "delete", role }),
            },
          ]
        : []),
    ];
  };
  const dialogs = (
    <>
      {asking?.what === "create" && (
        <CreateRole from={asking.from} site={asking.site} close={close} done={() => undefined} />
      )}
      {asking?.what === "edit" && <EditRole role={asking.role} close={close} />}
      {asking?.what === "delete" && <DeleteRole role={asking.role} close={close} />}
    </>
  );
  return { actionsOf, create: (site) => setAsking({ what: "create", from: null, site }), dialogs };
}

function DeleteRole({ role, close }: { role: Role; close: () => void }) {
  const { t } = useTranslation();
  const [own, site] = [useAction(deleteRole), useAction(deleteSiteRole)];
  return (
    <ConfirmEnd
      title={t("identity.roles.deleteTitle", { name: role.name })}
      text={t("identity.roles.deleteText")}
      names={[role.name]}
      verb={t("identity.roles.delete")}
      close={close}
      run={() => (role.own ? own : site).mutateAsync({ id: role.id })}
    />
  );
}
