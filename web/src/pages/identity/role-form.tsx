import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { createRole, createSiteRole, type Role, updateRole, updateSiteRole } from "../../../../src/iam/schema.ts";
import { type FieldGroup, FormDrawer } from "../../kit/index.ts";
import { PermissionField } from "./permission-field.tsx";

type Scope = Role["scope"];

const groups = (t: TFunction, scope: Scope): readonly FieldGroup[] => [
  {
    title: t("identity.roles.role"),
    text: t(scope === "system" ? "identity.roles.systemText" : "identity.roles.roleText"),
    fields: [
      { name: "name", label: t("terms.name") },
      { name: "description", label: t("identity.roles.description") },
      {
        name: "secondFactor",
        label: t("identity.roles.secondFactor"),
        help: t("identity.roles.secondFactorHelp"),
        choiceLabel: (value) => (value === "forced" ? t("identity.roles.forced") : t("identity.roles.on")),
      },
    ],
  },
  {
    title: t("identity.roles.permissions"),
    text: t("identity.roles.permissionsText"),
    fields: [
      {
        name: "permissions",
        label: t("identity.roles.permissions"),
        inWords: (value) => (Array.isArray(value) ? value.join(", ") : ""),
        render: ({ id, value, change, leave }) => (
          <PermissionField
            id={id}
            value={Array.isArray(value) ? (value as string[]) : []}
            scope={scope}
            change={change}
            leave={leave}
          />
        ),
      },
    ],
  },
];

/** Makes a role: of the organization, or of the site; `from` is copied. */
export function CreateRole({
  from,
  site,
  close,
  done,
}: {
  from: Role | null;
  site: Scope | null;
  close: () => void;
  done: (role: Role) => void;
}) {
  const { t } = useTranslation();
  const copied = {
    permissions: from?.permissions ?? [],
    description: from?.description ?? "",
    secondFactor: from?.secondFactor ?? null,
  };
  const frame = {
    title: from ? t("identity.roles.copyOf", { name: from.name }) : t("identity.roles.create"),
    verb: t("identity.roles.create"),
    initial: copied,
    done,
    close,
  };
  if (!site) return <FormDrawer {...frame} endpoint={createRole} groups={groups(t, "organization")} />;
  return <FormDrawer {...frame} endpoint={createSiteRole} fixed={{ scope: site }} groups={groups(t, site)} />;
}

export function EditRole({ role, close }: { role: Role; close: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("identity.roles.edit", { name: role.name })}
      endpoint={role.own ? updateRole : updateSiteRole}
      before={role}
      fixed={{ id: role.id, version: role.version }}
      groups={groups(t, role.scope)}
      done={() => undefined}
      close={close}
    />
  );
}
