import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { createUser, setUserPassword, updateUser, type User } from "../../../../src/iam/schema.ts";
import { type Field, FormDrawer } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { groups, roles } from "../sources.ts";

const profile = (t: TFunction): readonly Field[] => [
  { name: "name", label: t("terms.name") },
  { name: "email", label: t("identity.users.email") },
  { name: "phone", label: t("orgs.fields.phone") },
  { name: "timeZone", label: t("orgs.fields.timeZone"), help: t("orgs.fields.timeZoneHelp") },
  { name: "comment", label: t("terms.comment"), help: t("identity.users.commentHelp") },
];

const access = (t: TFunction): readonly Field[] => [
  { name: "roles", label: t("identity.users.roles"), source: roles },
  { name: "expiresAt", label: t("orgs.fields.expiresAt"), help: t("orgs.fields.expiresHelp") },
  { name: "active", label: t("identity.users.active"), help: t("identity.users.activeHelp") },
];

/** Makes a user, with a password or without. */
export function CreateUser({ close, done }: { close: () => void; done: (user: User) => void }) {
  const { t } = useTranslation();
  const mayRoles = useMay("role.list");
  const [mayInvite, mayGroups] = [useMay("user.invite"), useMay("group.member.add")];
  const [first, ...rest] = profile(t);
  return (
    <FormDrawer
      title={t("identity.users.create")}
      verb={t("identity.users.create")}
      endpoint={createUser}
      groups={[
        {
          title: t("identity.users.profile"),
          text: t("identity.users.profileText"),
          fields: [
            first!,
            { name: "loginName", label: t("terms.loginName"), help: t("identity.users.loginHelp"), mono: true },
            ...rest,
          ],
        },
        {
          title: t("identity.users.signIn"),
          text: t("identity.users.signInText"),
          fields: [
            ...(mayInvite
              ? [{ name: "invite", label: t("orgs.fields.invite"), help: t("orgs.fields.inviteHelp") }]
              : []),
            { name: "password", label: t("identity.users.password"), help: t("identity.users.passwordHelp") },
            {
              name: "mustChangePassword",
              label: t("orgs.fields.mustChangePassword"),
              help: t("orgs.fields.mustChangeHelp"),
            },
          ],
        },
        {
          title: t("identity.users.access"),
          text: t("identity.users.accessText"),
          fields: [
            ...access(t).filter(({ name }) => name !== "roles" || mayRoles),
            ...(mayGroups ? [{ name: "groupIds", label: t("terms.groups"), source: groups }] : []),
          ],
        },
      ]}
      done={done}
      close={close}
    />
  );
}

/** Changes a user; nobody changes the own roles or state. */
export function EditUser({ user, close }: { user: User; close: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const mayRoles = useMay("role.list");
  return (
    <FormDrawer
      title={t("identity.users.edit")}
      endpoint={updateUser}
      before={user}
      fixed={{ id: user.id, version: user.version }}
      groups={[
        { title: t("identity.users.profile"), text: t("identity.users.profileText"), fields: profile(t) },
        ...(me?.id === user.id
          ? []
          : [
              {
                title: t("identity.users.signIn"),
                fields: [
                  {
                    name: "mustChangePassword",
                    label: t("orgs.fields.mustChangePassword"),
                    help: t("orgs.fields.mustChangeHelp"),
                  },
                  {
                    name: "secondFactor",
                    label: t("orgs.fields.secondFactor"),
                    help: t("orgs.fields.secondFactorHelp"),
                    choiceLabel: (level: string) => t(`orgs.fields.levels.${level as "on"}`),
                  },
                ],
              },
              {
                title: t("identity.users.access"),
                text: t("identity.users.accessText"),
                fields: access(t).filter(({ name }) => name !== "roles" || mayRoles),
              },
            ]),
      ]}
      done={() => undefined}
      close={close}
    />
  );
}

/** Sets another user's password. */
export function SetPassword({ user, close }: { user: User; close: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("identity.users.setPasswordTitle", { name: user.name })}
      verb={t("identity.users.setPassword")}
      endpoint={setUserPassword}
      fixed={{ id: user.id }}
      groups={[
        {
          text: t("identity.users.setPasswordText", { name: user.name }),
          fields: [
            { name: "password", label: t("identity.users.newPassword"), help: t("identity.users.passwordHelp") },
          ],
        },
      ]}
      done={() => undefined}
      close={close}
    />
  );
}
