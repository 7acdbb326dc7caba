import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Account, deleteAccount, updateAccount } from "../../../../src/assets/schema.ts";
import { call } from "../../api.ts";
import { type BulkAction, ConfirmEnd, type PageAction } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { useLive } from "../live-count.ts";
import { setActive, useSetActive } from "../set-active.ts";
import { EditAccount, ReplaceSecret } from "./account-form.tsx";

type Asking = { readonly what: "edit" | "secret" | "disable" | "delete"; readonly account: Account };

/** What one can do with an account, and the questions and forms that it opens. */
export function useAccountActions(): {
  readonly actionsOf: (account: Account) => readonly PageAction[];
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const [mayChange, mayDelete] = [useMay("account.update"), useMay("account.delete")];
  const change = useSetActive(updateAccount);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const actionsOf = (account: Account): PageAction[] => {
    const ask = (what: Asking["what"]) => () => setAsking({ what, account });
    const enable = () => change.mutate({ id: account.id, version: account.version, active: true });
    return [
      ...(mayChange
        ? [
            { key: "edit", label: t("inventory.accounts.edit"), run: ask("edit") },
            { key: "secret", label: t("inventory.accounts.replace"), run: ask("secret") },
            account.active
              ? { key: "disable", label: t("inventory.accounts.disable"), run: ask("disable") }
              : { key: "enable", label: t("inventory.accounts.enable"), run: enable },
          ]
        : []),
      ...(mayDelete
        ? [{ key: "delete", label: t("inventory.accounts.delete"), danger: true, run: ask("delete") }]
        : []),
    ];
  };
  const dialogs = (
    <>
      <ActionFailed error={change.error} close={change.reset} />
      {asking?.what === "edit" && <EditAccount account={asking.account} close={close} />}
      {asking?.what === "secret" && <ReplaceSecret account={asking.account} close={close} />}
      {(asking?.what === "disable" || asking?.what === "delete") && (
        <EndAccount what={asking?.what} account={asking.account} close={close} />
      )}
    </>
  );
  return { actionsOf, dialogs };
}

function EndAccount({ what, account, close }: { what: "disable" | "delete"; account: Account; close: () => void }) {
  const { t } = useTranslation();
  const change = useSetActive(updateAccount);
  const remove = useAction(deleteAccount);
  const live = useLive({ assetId: account.asset.id })((session) => session.account.id === account.id);
  const { id, version } = account;
  const name = `${account.name}@${account.asset.name}`;
  return (
    <ConfirmEnd
      title={t(`inventory.accounts.${what}Title`, { name })}
      text={t(`inventory.accounts.${what}Text`)}
      live={live}
      names={[name]}
      verb={t(`inventory.accounts.${what}`)}
      close={close}
      run={() => (what === "disable" ? change.mutateAsync({ id, version, active: false }) : remove.mutateAsync({ id }))}
    />
  );
}

/** What one can do with the selected accounts. */
export function useAccountBulk(): readonly BulkAction<Account>[] {
  const { t } = useTranslation();
  const [mayChange, mayDelete] = [useMay("account.update"), useMay("account.delete")];
  const count = useLive({}, mayChange || mayDelete);
  const liveOf = (accounts: readonly Account[]) => {
    const ids = new Set(accounts.map(({ id }) => id));
    const live = count(({ account }) => ids.has(account.id));
    return live === undefined ? {} : { live };
  };
  const set = (active: boolean) => (account: Account) =>
    account.active === active
      ? Promise.resolve()
      : setActive(updateAccount, { id: account.id, version: account.version, active });
  return [
    ...(mayChange
      ? [
          { key: "enable", label: t("inventory.accounts.enable"), run: set(true) },
          {
            key: "disable",
            label: t("inventory.accounts.disable"),
            confirm: (accounts: readonly Account[]) => ({
              title: t("inventory.accounts.disableMany", { count: accounts.length }),
              text: t("inventory.accounts.disableText"),
              ...liveOf(accounts),
            }),
            run: set(false),
          },
        ]
      : []),
    ...(mayDelete
      ? [
          {
            key: "delete",
            label: t("inventory.accounts.delete"),
            danger: true,
            confirm: (accounts: readonly Account[]) => ({
              title: t("inventory.accounts.deleteMany", { count: accounts.length }),
              text: t("inventory.accounts.deleteManyText"),
              ...liveOf(accounts),
            }),
            run: ({ id }: Account) => call(deleteAccount, { id }),
          },
        ]
      : []),
  ];
}
