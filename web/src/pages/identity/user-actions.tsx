import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  deleteUser,
  inviteUser,
  removeMember,
  revokeInvitation,
  updateUser,
  type User,
} from "../../../../src/iam/schema.ts";
import { ConfirmEnd, type PageAction } from "../../kit/index.ts";
import { useMay, useMe } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { useLive } from "../live-count.ts";
import { useSetActive } from "../set-active.ts";
import { EditUser, SetPassword } from "./user-form.tsx";

type Asking = { readonly what: "edit" | "password" | "disable" | "delete" | "leave"; readonly user: User };

/** What one can do with a user, and the questions and forms that it opens. */
export function useUserActions(gone?: () => void): {
  readonly actionsOf: (user: User) => readonly PageAction[];
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const me = useMe();
  const [mayChange, mayPassword, mayDelete] = [useMay("user.update"), useMay("user.password"), useMay("user.delete")];
  const change = useSetActive(updateUser);
  const [mayInvite, mayRevoke, mayLeave] = [
    useMay("user.invite"),
    useMay("user.invite.revoke"),
    useMay("membership.remove"),
  ];
  const [invite, revoke] = [useAction(inviteUser), useAction(revokeInvitation)];
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const actionsOf = (user: User): PageAction[] => {
    const ask = (what: Asking["what"]) => () => setAsking({ what, user });
    const other = user.id !== me?.id;
    const enable = () => change.mutate({ id: user.id, version: user.version, active: true });
    return [
      ...(mayChange ? [{ key: "edit", label: t("identity.users.editVerb"), run: ask("edit") }] : []),
      ...(mayPassword ? [{ key: "password", label: t("identity.users.setPassword"), run: ask("password") }] : []),
      ...(mayChange && other
        ? [
            user.active
              ? { key: "disable", label: t("identity.users.disable"), run: ask("disable") }
              : { key: "enable", label: t("identity.users.enable"), run: enable },
          ]
        : []),
      ...(mayInvite && !user.hasPassword && user.email !== null && user.kind === "person"
        ? [{ key: "invite", label: t("orgs.invite.again"), run: () => invite.mutate({ id: user.id }) }]
        : []),
      ...(mayRevoke && user.invitedUntil !== null
        ? [{ key: "revoke", label: t("orgs.invite.revoke"), run: () => revoke.mutate({ id: user.id }) }]
        : []),
      ...(mayLeave && other ? [{ key: "leave", label: t("orgs.invite.removeVerb"), run: ask("leave") }] : []),
      ...(mayDelete && other
        ? [{ key: "delete", label: t("identity.users.delete"), danger: true, run: ask("delete") }]
        : []),
    ];
  };
  const dialogs = (
    <>
      <ActionFailed error={change.error} close={change.reset} />
      <ActionFailed error={invite.error} close={invite.reset} />
      <ActionFailed error={revoke.error} close={revoke.reset} />
      {asking?.what === "leave" && <TakeOut user={asking.user} close={close} gone={gone} />}
      {asking?.what === "edit" && <EditUser user={asking.user} close={close} />}
      {asking?.what === "password" && <SetPassword user={asking.user} close={close} />}
      {asking?.what === "disable" && <DisableUser user={asking.user} close={close} />}
      {asking?.what === "delete" && <DeleteUser user={asking.user} close={close} gone={gone} />}
    </>
  );
  return { actionsOf, dialogs };
}

function DisableUser({ user, close }: { user: User; close: () => void }) {
  const { t } = useTranslation();
  const disable = useSetActive(updateUser);
  const live = useLive({ userId: user.id })(() => true);
  return (
    <ConfirmEnd
      title={t("identity.users.disableTitle", { name: user.name })}
      text={t("identity.users.disableText", { name: user.name })}
      live={live}
      names={[user.name]}
      verb={t("identity.users.disable")}
      close={close}
      run={() => disable.mutateAsync({ id: user.id, version: user.version, active: false })}
    />
  );
}

function TakeOut({ user, close, gone }: { user: User; close: () => void; gone: (() => void) | undefined }) {
  const { t } = useTranslation();
  const me = useMe();
  const remove = useAction(removeMember);
  const live = useLive({ userId: user.id })(() => true);
  return (
    <ConfirmEnd
      title={t("orgs.invite.removeTitle", { name: user.name, organization: me?.organization.name ?? "" })}
      text={t("orgs.invite.removeText")}
      live={live}
      names={[user.name]}
      verb={t("orgs.invite.removeVerb")}
      close={close}
      run={async () => {
        await remove.mutateAsync({ id: user.id });
        gone?.();
      }}
    />
  );
}

function DeleteUser({ user, close, gone }: { user: User; close: () => void; gone: (() => void) | undefined }) {
  const { t } = useTranslation();
  const remove = useAction(deleteUser);
  const live = useLive({ userId: user.id })(() => true);
  return (
    <ConfirmEnd
      title={t("identity.users.deleteTitle", { name: user.name })}
      text={t("identity.users.deleteText", { name: user.name })}
      live={live}
      names={[user.name]}
      verb={t("identity.users.delete")}
      close={close}
      run={async () => {
        await remove.mutateAsync({ id: user.id });
        gone?.();
      }}
    />
  );
}
