import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Account, type Asset, createAccount, updateAccount } from "../../../../src/assets/schema.ts";
import { type Field, FormDrawer } from "../../kit/index.ts";
import { assets } from "../sources.ts";
import { NO_SECRET, SecretInput, secretToSend, type TypedSecret } from "./secret-input.tsx";

const secretField = (t: TFunction): Field => ({
  name: "secret",
  label: t("inventory.accounts.secret"),
  required: true,
  render: ({ id, value, change, problems }) => (
    <SecretInput id={id} value={(value as TypedSecret | undefined) ?? NO_SECRET} change={change} problems={problems} />
  ),
});

const withSecret = (values: Record<string, unknown>) => ({
  ...values,
  secret: secretToSend((values.secret as TypedSecret | undefined) ?? NO_SECRET),
});

/** Makes an account on an asset, or on one to be chosen. */
export function CreateAccount({ asset, close }: { asset: Pick<Asset, "id" | "name"> | null; close: () => void }) {
  const { t } = useTranslation();
  const assetId = asset?.id;
  const initial = useMemo(() => ({ secret: NO_SECRET, ...(assetId && { assetId }) }), [assetId]);
  return (
    <FormDrawer
      title={t("inventory.accounts.create")}
      verb={t("inventory.accounts.create")}
      endpoint={createAccount}
      initial={initial}
      shape={withSecret}
      groups={[
        {
          title: t("inventory.accounts.who"),
          text: t("inventory.accounts.whoText"),
          fields: [
            ...(asset ? [] : [{ name: "assetId", label: t("inventory.accounts.asset"), source: assets }]),
            {
              name: "username",
              label: t("inventory.accounts.username"),
              help: t("inventory.accounts.usernameHelp"),
              mono: true,
            },
            { name: "name", label: t("inventory.accounts.name"), help: t("inventory.accounts.nameHelp"), mono: true },
            { name: "comment", label: t("terms.comment") },
          ],
        },
        {
          title: t("inventory.accounts.secret"),
          text: t("inventory.accounts.secretText"),
          fields: [
            secretField(t),
            { name: "active", label: t("inventory.accounts.active"), help: t("inventory.accounts.activeHelp") },
          ],
        },
      ]}
      done={() => undefined}
      close={close}
    />
  );
}

export function EditAccount({ account, close }: { account: Account; close: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("inventory.accounts.editTitle")}
      endpoint={updateAccount}
      before={account}
      fixed={{ id: account.id, version: account.version }}
      groups={[
        {
          fields: [
            { name: "name", label: t("inventory.accounts.name"), help: t("inventory.accounts.nameHelp"), mono: true },
            { name: "comment", label: t("terms.comment") },
            { name: "active", label: t("inventory.accounts.active"), help: t("inventory.accounts.activeHelp") },
          ],
        },
      ]}
      done={() => undefined}
      close={close}
    />
  );
}

/** Puts another secret in the place of the stored one. */
export function ReplaceSecret({ account, close }: { account: Account; close: () => void }) {
  const { t } = useTranslation();
  const initial = useMemo(() => ({ secret: { ...NO_SECRET, kind: account.secretKind } }), [account]);
  return (
    <FormDrawer
      title={t("inventory.accounts.replaceTitle", { name: account.name })}
      verb={t("inventory.accounts.replace")}
      endpoint={updateAccount}
      initial={initial}
      fixed={{ id: account.id, version: account.version }}
      shape={({ secret }) => withSecret({ secret })}
      groups={[{ text: t("inventory.accounts.replaceText"), fields: [secretField(t)] }]}
      done={() => undefined}
      close={close}
    />
  );
}
