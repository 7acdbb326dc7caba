import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Asset, createAsset, type Node, updateAsset } from "../../../../src/assets/schema.ts";
import { type FieldGroup, FormDrawer } from "../../kit/index.ts";
import { nodes } from "../sources.ts";
import { ProtocolsField } from "./protocols-field.tsx";

type Values = Record<string, unknown>;
type Protocols = Asset["protocols"];

const fromRow = (row: Readonly<Values>): Values => ({
  nodeIds: (row.nodes as Asset["nodes"]).map(({ id }) => id),
});

/** A list of protocols in words, for comparing two versions. */
const protocolWords = (value: unknown): string =>
  (value as Protocols).map(({ kind, port }) => `${kind} ${port}`).join(", ");

function useAssetGroups(named: Asset["nodes"]): readonly FieldGroup[] {
  const { t } = useTranslation();
  return [
    {
      title: t("inventory.assets.what"),
      text: t("inventory.assets.whatText"),
      fields: [
        { name: "name", label: t("terms.name"), mono: true },
        { name: "host", label: t("terms.host"), help: t("inventory.assets.hostHelp"), mono: true },
        { name: "comment", label: t("terms.comment") },
      ],
    },
    {
      title: t("inventory.assets.protocols"),
      text: t("inventory.assets.protocolsText"),
      fields: [
        {
          name: "protocols",
          label: t("inventory.assets.protocols"),
          required: true,
          inWords: protocolWords,
          render: ({ id, value, change, problems }) => (
            <ProtocolsField
              id={id}
              value={(value as Protocols | undefined) ?? []}
              change={change}
              problems={problems}
            />
          ),
        },
      ],
    },
    {
      title: t("inventory.assets.place"),
      text: t("inventory.assets.placeText"),
      fields: [
        { name: "nodeIds", label: t("terms.nodes"), source: nodes, named },
        { name: "active", label: t("inventory.assets.active"), help: t("inventory.assets.activeHelp") },
      ],
    },
  ];
}

/** Makes an asset, in the node that is chosen. */
export function CreateAsset({
  node,
  close,
  done,
}: {
  node: Pick<Node, "id" | "name"> | null;
  close: () => void;
  done: (asset: Asset) => void;
}) {
  const { t } = useTranslation();
  const initial = useMemo(
    () => ({ protocols: [{ kind: "ssh", port: 22, settings: {} }], nodeIds: node ? [node.id] : [] }),
    [node],
  );
  return (
    <FormDrawer
      title={t("inventory.assets.create")}
      verb={t("inventory.assets.create")}
      endpoint={createAsset}
      initial={initial}
      groups={useAssetGroups(node ? [node] : [])}
      done={done}
      close={close}
    />
  );
}

export function EditAsset({ asset, close }: { asset: Asset; close: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDrawer
      title={t("inventory.assets.editTitle")}
      endpoint={updateAsset}
      before={{ ...asset, ...fromRow(asset) }}
      fixed={{ id: asset.id, version: asset.version }}
      fromRow={fromRow}
      groups={useAssetGroups(asset.nodes)}
      done={() => undefined}
      close={close}
    />
  );
}
