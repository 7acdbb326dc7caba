import { Button } from "antd";
import type { TFunction } from "i18next";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Account, type AssetDetail, listAccounts } from "../../../../src/assets/schema.ts";
import { type Column, Facts, type Filter, ListPage, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { assets } from "../sources.ts";
import { useAccountActions, useAccountBulk } from "./account-actions.tsx";
import { CreateAccount } from "./account-form.tsx";

const AccountState = ({ account, t }: { account: Account; t: TFunction }) => (
  <StateTag tone={account.active ? "good" : "off"}>{account.active ? t("terms.active") : t("terms.disabled")}</StateTag>
);

const accountColumns = (t: TFunction): readonly Column<Account>[] => [
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(110px, 1fr)",
    always: true,
    render: ({ name }) => <span className="mono strong">{name}</span>,
  },
  {
    key: "asset",
    title: t("terms.asset"),
    width: "minmax(130px, 1.2fr)",
    render: ({ asset }) => <span className="mono">{asset.name}</span>,
  },
  {
    key: "username",
    title: t("inventory.accounts.username"),
    width: "minmax(120px, 1fr)",
    wide: true,
    render: ({ username }) => <span className="mono">{username}</span>,
  },
  {
    key: "state",
    title: t("terms.state"),
    width: "100px",
    render: (account) => <AccountState account={account} t={t} />,
  },
  {
    key: "secret",
    title: t("inventory.accounts.secret"),
    width: "110px",
    wide: true,
    render: (account) => secretWords(account, t),
  },
  {
    key: "changed",
    title: t("inventory.accounts.secretChanged"),
    width: "130px",
    wide: true,
    render: ({ secretChangedAt }) => <Time at={secretChangedAt} />,
  },
  {
    key: "comment",
    title: t("terms.comment"),
    width: "minmax(120px, 1fr)",
    hidden: true,
    render: ({ comment }) => <span className="muted">{comment}</span>,
  },
];

const secretWords = ({ hasSecret, secretKind }: Account, t: TFunction): string =>
  hasSecret ? t(`inventory.accounts.kinds.${secretKind}`) : t("inventory.accounts.noSecret");

/** The accounts of one asset, as a tab of its page, or of all. */
export function AccountList({ asset = null }: { asset?: AssetDetail | null }) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(false);
  const mayCreate = useMay("account.create");
  const { actionsOf, dialogs } = useAccountActions();
  const bulk = useAccountBulk();
  const filters = useMemo<readonly Filter[]>(
    () => (asset ? [] : [{ name: "asset", param: "assetId", label: t("terms.asset"), kind: "row", source: assets }]),
    [t, asset],
  );
  useCreateKey(mayCreate, t("inventory.accounts.create"), () => setCreating(true));
  const create = mayCreate && (
    <Button type={asset ? "default" : "primary"} onClick={() => setCreating(true)}>
      {t("inventory.accounts.create")}
    </Button>
  );
  return (
    <>
      <ListPage
        {...(asset && { inside: "accounts", input: { assetId: asset.id } })}
        title={t("inventory.accounts.title")}
        endpoint={listAccounts}
        columns={accountColumns(t).filter(({ key }) => !asset || key !== "asset")}
        filters={filters}
        nameOf={(account) => `${account.name}@${account.asset.name}`}
        panelTitle={(account) => <span className="mono">{`${account.name}@${account.asset.name}`}</span>}
        panel={(account) => (
          <>
            <PanelActions actions={actionsOf(account)} />
            <AccountFacts account={account} t={t} />
          </>
        )}
        actions={create}
        {...(bulk.length > 0 && { bulk })}
        empty={{ title: t("inventory.accounts.emptyTitle"), text: t("inventory.accounts.emptyText"), action: create }}
      />
      {creating && <CreateAccount asset={asset} close={() => setCreating(false)} />}
      {dialogs}
    </>
  );
}

function AccountFacts({ account, t }: { account: Account; t: TFunction }) {
  return (
    <Facts
      items={[
        [t("terms.state"), <AccountState key="s" account={account} t={t} />],
        [
          t("terms.asset"),
          <Link key="a" to={`/console/assets/${account.asset.id}`}>
            {account.asset.name}
          </Link>,
        ],
        [
          t("inventory.accounts.username"),
          <span key="u" className="mono selectable">
            {account.username}
          </span>,
        ],
        [t("inventory.accounts.secret"), secretWords(account, t)],
        [t("inventory.accounts.secretChanged"), <Time key="c" at={account.secretChangedAt} />],
        [t("terms.created"), <Time key="m" at={account.createdAt} />],
        [t("terms.comment"), account.comment],
      ]}
    />
  );
}
