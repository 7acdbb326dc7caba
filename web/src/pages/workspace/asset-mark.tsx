import { EditOutlined, StarFilled, StarOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { markAsset, type ReachableAsset } from "../../../../src/assets/schema.ts";
import { Facts, Names } from "../../kit/index.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";

/** Makes an asset a favourite, or none any more; shows the wish at once. */
export function Star({ asset }: { asset: ReachableAsset }) {
  const { t } = useTranslation();
  const mark = useAction(markAsset);
  const favourite = mark.isPending ? mark.variables.favourite === true : asset.favourite;
  const label = t(favourite ? "work.assets.noFavourite" : "work.assets.makeFavourite", { asset: asset.name });
  return (
    <>
      <button
        type="button"
        className={favourite ? "icon-button star on" : "icon-button star"}
        aria-pressed={favourite}
        aria-label={label}
        title={label}
        onClick={(event) => {
          event.stopPropagation();
          mark.mutate({ id: asset.id, favourite: !favourite });
        }}
      >
        {favourite ? <StarFilled /> : <StarOutlined />}
      </button>
      <ActionFailed error={mark.error} close={mark.reset} />
    </>
  );
}

/** An asset's name: one's own if there is one, the common one beside it. */
export function AssetName({ asset }: { asset: ReachableAsset }) {
  return asset.ownName === null ? (
    <span className="mono strong">{asset.name}</span>
  ) : (
    <span title={asset.name}>
      <span className="strong">{asset.ownName}</span> <span className="mono faint">{asset.name}</span>
    </span>
  );
}

/** What one sees of an asset beside the list, and what one calls it. */
export function AssetPanel({ asset }: { asset: ReachableAsset }) {
  const { t } = useTranslation();
  return (
    <Facts
      items={[
        [t("work.assets.ownName"), <OwnName key={`${asset.id} ${asset.ownName}`} asset={asset} />],
        [
          t("terms.name"),
          <span key="n" className="mono">
            {asset.name}
          </span>,
        ],
        [
          t("terms.host"),
          <span key="h" className="mono">
            {asset.host}
          </span>,
        ],
        [t("terms.protocol"), asset.protocols.map(({ kind, port }) => `${kind} ${port}`).join(", ")],
        [t("work.assets.node"), <Names key="o" items={asset.nodes} />],
        [t("terms.comment"), asset.comment],
      ]}
    />
  );
}

function OwnName({ asset }: { asset: ReachableAsset }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string | null>(null);
  const mark = useAction(markAsset);
  const save = () => {
    const ownName = typed?.trim() || null;
    if (ownName === asset.ownName) setTyped(null);
    else mark.mutate({ id: asset.id, ownName }, { onSuccess: () => setTyped(null) });
  };
  if (typed === null)
    return (
      <span>
        {asset.ownName ?? <span className="muted">{t("kit.none")}</span>}{" "}
        <Button
          type="link"
          size="small"
          icon={<EditOutlined />}
          onClick={() => setTyped(asset.ownName ?? "")}
          aria-label={t("work.assets.giveOwnName", { asset: asset.name })}
        >
          {t("work.assets.change")}
        </Button>
      </span>
    );
  return (
    <span className="row">
      <Input
        autoFocus
        size="small"
        maxLength={128}
        aria-label={t("work.assets.ownName")}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onPressEnter={save}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") setTyped(null);
        }}
      />
      <Button size="small" type="primary" loading={mark.isPending} onClick={save}>
        {t("kit.save")}
      </Button>
      <ActionFailed error={mark.error} close={mark.reset} />
    </span>
  );
}
