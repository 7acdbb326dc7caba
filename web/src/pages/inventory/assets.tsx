import { ApartmentOutlined } from "@ant-design/icons";
import { Button, Drawer } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { listAssets, listProtocols } from "../../../../src/assets/schema.ts";
import { type Filter, ListPage, nameOfId, useNarrow } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useEndpoint } from "../../query.ts";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { useAssetActions, useAssetBulk } from "./asset-actions.tsx";
import { CreateAsset } from "./asset-form.tsx";
import { assetColumns, AssetFacts } from "./asset-list.tsx";
import { NodeTree } from "./node-tree.tsx";
import "../admin.css";

/** The tree of nodes, and the assets in the chosen one and below. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const [params, setParams] = useSearchParams();
  const [creating, setCreating] = useState(false);
  const [showTree, setShowTree] = useState(false);
  const [mayCreate, mayNodes] = [useMay("asset.create"), useMay("node.list")];
  const bulk = useAssetBulk();
  const { actionsOf, dialogs } = useAssetActions();
  const nodeId = params.get("node");
  const node = nodeId ? { id: nodeId, name: nameOfId(nodeId) ?? "" } : null;
  const choose = (id: string | null) => {
    setShowTree(false);
    setParams((before) => {
      const after = new URLSearchParams(before);
      after.delete("open");
      if (id) after.set("node", id);
      else after.delete("node");
      return after;
    });
  };
  useCreateKey(mayCreate, t("inventory.assets.create"), () => setCreating(true));
  const create = mayCreate && (
    <Button type="primary" onClick={() => setCreating(true)}>
      {t("inventory.assets.create")}
    </Button>
  );
  const tree = <NodeTree chosen={nodeId} choose={choose} />;
  return (
    <div className="inventory">
      {mayNodes && !narrow && (
        <aside className="inventory-side" aria-label={t("inventory.nodes.title")}>
          {tree}
        </aside>
      )}
      {narrow && (
        <Drawer
          open={showTree}
          onClose={() => setShowTree(false)}
          placement="left"
          size={300}
          title={t("inventory.nodes.title")}
          styles={{ body: { padding: 4 } }}
        >
          {showTree && tree}
        </Drawer>
      )}
      <ListPage
        key={nodeId}
        title={node?.name || t("inventory.assets.title")}
        endpoint={listAssets}
        {...(nodeId && { input: { nodeId } })}
        columns={assetColumns(t)}
        filters={useAssetFilters()}
        href={({ id }) => `/console/assets/${id}`}
        panel={(asset) => (
          <>
            <PanelActions actions={actionsOf(asset)} />
            <AssetFacts asset={asset} t={t} />
          </>
        )}
        actions={
          <>
            {narrow && mayNodes && (
              <Button icon={<ApartmentOutlined />} onClick={() => setShowTree(true)}>
                {t("inventory.nodes.show")}
              </Button>
            )}
            {create}
          </>
        }
        {...(bulk.length > 0 && { bulk })}
        empty={{ title: t("inventory.assets.emptyTitle"), text: t("inventory.assets.emptyText"), action: create }}
      />
      {creating && (
        <CreateAsset
          node={node}
          close={() => setCreating(false)}
          done={({ id }) => void navigate(`/console/assets/${id}`)}
        />
      )}
      {dialogs}
    </div>
  );
}

function useAssetFilters(): readonly Filter[] {
  const { t } = useTranslation();
  const known = useEndpoint(listProtocols, {}).data?.items;
  return useMemo(
    () => [
      {
        name: "active",
        param: "active",
        label: t("terms.active"),
        kind: "choice",
        choices: [
          { value: "yes", label: t("kit.yes") },
          { value: "no", label: t("kit.no") },
        ],
      },
      {
        name: "protocol",
        param: "protocol",
        label: t("inventory.assets.protocol"),
        kind: "choice",
        choices: (known ?? []).map(({ kind, title }) => ({ value: kind, label: title })),
      },
    ],
    [t, known],
  );
}
