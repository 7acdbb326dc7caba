import type { TFunction } from "i18next";
import { Link } from "react-router";
import type { Asset } from "../../../../src/assets/schema.ts";
import { type Column, CopyButton, Facts, Names, StateTag, Time } from "../../kit/index.ts";

/** The state of an asset in words. */
export const AssetState = ({ asset, t }: { asset: Asset; t: TFunction }) => (
  <StateTag tone={asset.active ? "good" : "off"}>{asset.active ? t("terms.active") : t("terms.disabled")}</StateTag>
);

const Protocols = ({ asset }: { asset: Asset }) => (
  <>
    {asset.protocols.map(({ kind, port }) => (
      <span key={kind} className="name-chip mono">
        {kind}
        <span className="faint"> {port}</span>
      </span>
    ))}
  </>
);

/** The columns of the list of assets. */
export const assetColumns = (t: TFunction): readonly Column<Asset>[] => [
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(140px, 1.4fr)",
    always: true,
    render: ({ name }) => <span className="mono strong">{name}</span>,
  },
  {
    key: "host",
    title: t("terms.host"),
    width: "minmax(110px, 1fr)",
    render: ({ host }) => <span className="mono">{host}</span>,
  },
  {
    key: "protocols",
    title: t("inventory.assets.protocols"),
    width: "110px",
    wide: true,
    render: (asset) => <Protocols asset={asset} />,
  },
  {
    key: "accounts",
    title: t("terms.accounts"),
    width: "100px",
    align: "right",
    wide: true,
    render: ({ accounts }) => (accounts === 0 ? <span className="faint">0</span> : accounts),
  },
  { key: "state", title: t("terms.state"), width: "100px", render: (asset) => <AssetState asset={asset} t={t} /> },
  {
    key: "nodes",
    title: t("terms.nodes"),
    width: "minmax(110px, 1fr)",
    wide: true,
    render: ({ nodes }) => <Names items={nodes} />,
  },
  {
    key: "comment",
    title: t("terms.comment"),
    width: "minmax(120px, 1fr)",
    hidden: true,
    render: ({ comment }) => <span className="muted">{comment}</span>,
  },
  {
    key: "updated",
    title: t("inventory.assets.updated"),
    width: "120px",
    hidden: true,
    render: ({ updatedAt }) => <Time at={updatedAt} />,
  },
];

/** Everything known of an asset, as in a side panel or a rail. */
export function AssetFacts({ asset, t }: { asset: Asset; t: TFunction }) {
  return (
    <Facts
      items={[
        [t("terms.state"), <AssetState key="s" asset={asset} t={t} />],
        [
          t("terms.host"),
          <span key="h" className="mono selectable">
            {asset.host}
            <CopyButton text={asset.host} />
          </span>,
        ],
        [t("inventory.assets.protocols"), <Protocols key="p" asset={asset} />],
        [
          t("terms.nodes"),
          <span key="n" className="link-list">
            {asset.nodes.map(({ id, name }) => (
              <Link key={id} to={`/console/assets?node=${id}`}>
                {name}
              </Link>
            ))}
          </span>,
        ],
        [t("terms.accounts"), asset.accounts],
        [t("terms.created"), <Time key="c" at={asset.createdAt} />],
        [t("inventory.assets.updated"), <Time key="u" at={asset.updatedAt} />],
        [t("terms.comment"), asset.comment],
      ]}
    />
  );
}
