import { Button, Tooltip } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { listMyAssets, type ReachableAsset } from "../../../../src/assets/schema.ts";
import { listMySessions } from "../../../../src/sessions/schema.ts";
import { type Column, ListPage, Names } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import { openTab } from "../../terminal/tabs.ts";
import { AssetName, AssetPanel, Star } from "./asset-mark.tsx";

type Account = ReachableAsset["accounts"][number];

const mayConnect = ({ actions }: Account): boolean => actions.includes("connect");

/** Opens a terminal on an asset with one of its accounts. */
function connect(asset: ReachableAsset, account: Account): void {
  const protocol = asset.protocols[0]?.kind ?? "ssh";
  openTab({ assetId: asset.id, accountId: account.id, protocol, asset: asset.name, account: account.name });
}

/** What one may reach, below a node or all of it; each account is a button that connects at once. */
export function AssetList({ nodeId }: { nodeId: string | null }) {
  const { t } = useTranslation();
  const columns: readonly Column<ReachableAsset>[] = [
    {
      key: "name",
      title: t("terms.asset"),
      width: "minmax(170px, 1.3fr)",
      always: true,
      render: (asset) => (
        <span className="starred">
          <Star asset={asset} />
          <AssetName asset={asset} />
        </span>
      ),
    },
    {
      key: "accounts",
      title: t("work.assets.connect"),
      width: "minmax(170px, 1.2fr)",
      always: true,
      render: (asset) => <Accounts asset={asset} />,
    },
    {
      key: "host",
      title: t("terms.host"),
      width: "minmax(120px, 0.8fr)",
      wide: true,
      render: ({ host }) => <span className="mono muted">{host}</span>,
    },
    {
      key: "nodes",
      title: t("work.assets.node"),
      width: "minmax(100px, 0.8fr)",
      wide: true,
      render: ({ nodes }) => <Names items={nodes} />,
    },
    {
      key: "comment",
      title: t("terms.comment"),
      width: "minmax(100px, 1fr)",
      wide: true,
      render: ({ comment }) => <span className="muted">{comment}</span>,
    },
    {
      key: "protocols",
      title: t("terms.protocol"),
      width: "100px",
      hidden: true,
      render: ({ protocols }) => protocols.map(({ kind }) => kind).join(", "),
    },
  ];
  return (
    <ListPage
      inside="a"
      title={t("work.assets.title")}
      endpoint={listMyAssets}
      input={nodeId ? { nodeId } : {}}
      columns={columns}
      filters={[
        {
          name: "favourites",
          param: "favourites",
          label: t("work.assets.favourites"),
          kind: "choice",
          choices: [{ value: "true", label: t("work.assets.onlyFavourites") }],
        },
      ]}
      nameOf={({ name, ownName }) => ownName ?? name}
      panel={(asset) => <AssetPanel asset={asset} />}
      act={(asset) => {
        const account = asset.accounts.find(mayConnect);
        if (account) connect(asset, account);
      }}
      notice={<Recent />}
      empty={{ title: t("work.assets.emptyTitle"), text: t("work.assets.emptyText") }}
    />
  );
}

const SHOWN = 4;

function Accounts({ asset }: { asset: ReachableAsset }) {
  const { t } = useTranslation();
  const usable = asset.accounts.filter(mayConnect);
  if (usable.length === 0) {
    return (
      <Tooltip title={t("work.assets.mayNot")}>
        <span className="faint">–</span>
      </Tooltip>
    );
  }
  return (
    <span className="accounts">
      {usable.slice(0, SHOWN).map((account) => (
        <Button
          key={account.id}
          size="small"
          className="account"
          title={t("work.assets.connectAs", { account: account.name })}
          aria-label={t("shell.connectTo", { asset: asset.name, account: account.name })}
          onClick={(event) => {
            event.stopPropagation();
            connect(asset, account);
          }}
        >
          {account.name}
        </Button>
      ))}
      {usable.length > SHOWN && <span className="faint">+{usable.length - SHOWN}</span>}
    </span>
  );
}

const RECENT = 5;

/** The last few assets and accounts, one click away. */
function Recent() {
  const { t } = useTranslation();
  const sessions = useEndpoint(listMySessions, { limit: 30 }).data?.items;
  const recent = useMemo(() => {
    const seen = new Map(
      (sessions ?? []).toReversed().map((session) => [`${session.asset.id} ${session.account.id}`, session]),
    );
    return [...seen.values()].toReversed().slice(0, RECENT);
  }, [sessions]);
  if (recent.length === 0) return null;
  return (
    <div className="status-line recent">
      <span className="faint">{t("work.assets.recent")}</span>
      {recent.map(({ id, asset, account, protocol }) => (
        <button
          key={id}
          type="button"
          className="link mono"
          aria-label={t("shell.connectTo", { asset: asset.name, account: account.name })}
          onClick={() =>
            openTab({ assetId: asset.id, accountId: account.id, protocol, asset: asset.name, account: account.name })
          }
        >
          {account.name}@{asset.name}
        </button>
      ))}
    </div>
  );
}
