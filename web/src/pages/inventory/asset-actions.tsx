import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Asset, deleteAsset, updateAsset } from "../../../../src/assets/schema.ts";
import { call } from "../../api.ts";
import { type BulkAction, ConfirmEnd, type PageAction } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { useLive } from "../live-count.ts";
import { setActive, useSetActive } from "../set-active.ts";
import { EditAsset } from "./asset-form.tsx";

type Asking = { readonly what: "edit" | "disable" | "delete"; readonly asset: Asset };

/** What one can do with an asset, and the questions and forms that it opens. */
export function useAssetActions(gone?: () => void): {
  readonly actionsOf: (asset: Asset) => readonly PageAction[];
  readonly dialogs: ReactNode;
} {
  const { t } = useTranslation();
  const [mayChange, mayDelete] = [useMay("asset.update"), useMay("asset.delete")];
  const change = useSetActive(updateAsset);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const actionsOf = (asset: Asset): PageAction[] => {
    const ask = (what: Asking["what"]) => () => setAsking({ what, asset });
    const enable = () => change.mutate({ id: asset.id, version: asset.version, active: true });
    return [
      ...(mayChange
        ? [
            { key: "edit", label: t("inventory.assets.edit"), run: ask("edit") },
            asset.active
              ? { key: "disable", label: t("inventory.assets.disable"), run: ask("disable") }
              : { key: "enable", label: t("inventory.assets.enable"), run: enable },
          ]
        : []),
      ...(mayDelete ? [{ key: "delete", label: t("inventory.assets.delete"), danger: true, run: ask("delete") }] : []),
    ];
  };
  const dialogs = (
    <>
      <ActionFailed error={change.error} close={change.reset} />
      {asking?.what === "edit" && <EditAsset asset={asking.asset} close={close} />}
      {asking?.what === "disable" && <DisableAsset asset={asking.asset} close={close} />}
      {asking?.what === "delete" && <DeleteAsset asset={asking.asset} close={close} gone={gone} />}
    </>
  );
  return { actionsOf, dialogs };
}

function DisableAsset({ asset, close }: { asset: Asset; close: () => void }) {
  const { t } = useTranslation();
  const change = useSetActive(updateAsset);
  const live = useLive({ assetId: asset.id })(() => true);
  return (
    <ConfirmEnd
      title={t("inventory.assets.disableTitle", { name: asset.name })}
      text={t("inventory.assets.disableText")}
      live={live}
      names={[asset.name]}
      verb={t("inventory.assets.disable")}
      close={close}
      run={() => change.mutateAsync({ id: asset.id, version: asset.version, active: false })}
    />
  );
}

function DeleteAsset({ asset, close, gone }: { asset: Asset; close: () => void; gone: (() => void) | undefined }) {
  const { t } = useTranslation();
  const remove = useAction(deleteAsset);
  const live = useLive({ assetId: asset.id })(() => true);
  return (
    <ConfirmEnd
      title={t("inventory.assets.deleteTitle", { name: asset.name })}
      text={t("inventory.assets.deleteText", { count: asset.accounts })}
      live={live}
      names={[asset.name]}
      verb={t("inventory.assets.delete")}
      close={close}
      run={async () => {
        await remove.mutateAsync({ id: asset.id });
        gone?.();
      }}
    />
  );
}

/** What one can do with the selected assets. */
export function useAssetBulk(): readonly BulkAction<Asset>[] {
  const { t } = useTranslation();
  const [mayChange, mayDelete] = [useMay("asset.update"), useMay("asset.delete")];
  const count = useLive({}, mayChange || mayDelete);
  const liveOf = (assets: readonly Asset[]) => {
    const ids = new Set(assets.map(({ id }) => id));
    const live = count(({ asset }) => ids.has(asset.id));
    return live === undefined ? {} : { live };
  };
  const set = (active: boolean) => (asset: Asset) =>
    asset.active === active
      ? Promise.resolve()
      : setActive(updateAsset, { id: asset.id, version: asset.version, active });
  return [
    ...(mayChange
      ? [
          { key: "enable", label: t("inventory.assets.enable"), run: set(true) },
          {
            key: "disable",
            label: t("inventory.assets.disable"),
            confirm: (assets: readonly Asset[]) => ({
              title: t("inventory.assets.disableMany", { count: assets.length }),
              text: t("inventory.assets.disableManyText"),
              ...liveOf(assets),
            }),
            run: set(false),
          },
        ]
      : []),
    ...(mayDelete
      ? [
          {
            key: "delete",
            label: t("inventory.assets.delete"),
            danger: true,
            confirm: (assets: readonly Asset[]) => ({
              title: t("inventory.assets.deleteMany", { count: assets.length }),
              text: t("inventory.assets.deleteManyText"),
              ...liveOf(assets),
            }),
            run: ({ id }: Asset) => call(deleteAsset, { id }),
          },
        ]
      : []),
  ];
}
