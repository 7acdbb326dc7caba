import { MoreOutlined } from "@ant-design/icons";
import { Dropdown } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { listNodes, type Node } from "../../../../src/assets/schema.ts";
import { Empty, Tree, useShortcuts } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { type NodeAsking, NodeDialog } from "./node-dialogs.tsx";

type Act = NodeAsking["what"];

const KEYS: readonly (readonly [key: string, act: Act])[] = [
  ["n", "create"],
  ["F2", "rename"],
  ["m", "move"],
  ["Delete", "delete"],
];

/** The tree of nodes, with what one can do with them by menu and by key. */
export function NodeTree({ chosen, choose }: { chosen: string | null; choose: (id: string | null) => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<NodeAsking | null>(null);
  const may: Readonly<Record<Act, boolean>> = {
    create: useMay("node.create"),
    rename: useMay("node.update"),
    move: useMay("node.update"),
    delete: useMay("node.delete"),
  };
  const fits = (act: Act, node: Node) =>
    may[act] &&
    (node.parentId !== null || act === "create" || act === "rename") &&
    (act !== "delete" || (!node.hasChildren && node.assets === 0));
  useShortcuts(
    KEYS.filter(([, act]) => may[act]).map(([keys, act]) => ({
      keys,
      label: t(`inventory.nodes.keys.${act}`),
      run: () => document.querySelector<HTMLElement>(".inventory-side .tree")?.focus(),
    })),
  );
  return (
    <>
      <Tree<Node>
        label={t("inventory.nodes.title")}
        list={listNodes}
        chosen={chosen}
        choose={choose}
        empty={<Empty title={t("inventory.nodes.emptyTitle")} text={t("inventory.nodes.emptyText")} />}
        onKey={(event, { node }) => {
          const [, act] = KEYS.find(([key]) => key === event.key) ?? [];
          if (!act || !fits(act, node)) return false;
          setAsking({ what: act, node });
          return true;
        }}
        tail={(node) => (
          <NodeMenu
            node={node}
            acts={KEYS.map(([, act]) => act).filter((act) => fits(act, node))}
            run={(what) => setAsking({ what, node })}
          />
        )}
      />
      {asking && (
        <NodeDialog
          asking={asking}
          close={() => setAsking(null)}
          gone={(id) => id === chosen && choose(asking.node.parentId)}
        />
      )}
    </>
  );
}

function NodeMenu({ node, acts, run }: { node: Node; acts: readonly Act[]; run: (act: Act) => void }) {
  const { t } = useTranslation();
  if (acts.length === 0) return null;
  const label = t("inventory.nodes.menu", { name: node.name });
  return (
    <span className="tree-menu" onClick={(event) => event.stopPropagation()}>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: acts.map((act) => ({
            key: act,
            label: t(`inventory.nodes.${act}`),
            danger: act === "delete",
            onClick: ({ domEvent }) => {
              domEvent.stopPropagation();
              run(act);
            },
          })),
        }}
      >
        <button type="button" className="icon-button" tabIndex={-1} aria-label={label} title={label}>
          <MoreOutlined />
        </button>
      </Dropdown>
    </span>
  );
}
