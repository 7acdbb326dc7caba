import { useTranslation } from "react-i18next";
import { createNode, deleteNode, type Node, updateNode } from "../../../../src/assets/schema.ts";
import { ConfirmEnd, FormDrawer } from "../../kit/index.ts";
import { useAction } from "../../query.ts";
import { nodes } from "../sources.ts";

export interface NodeAsking {
  readonly what: "create" | "rename" | "move" | "delete";
  readonly node: Node;
}

/** Creates, renames, moves or deletes a node. */
export function NodeDialog({
  asking: { what, node },
  close,
  gone,
}: {
  asking: NodeAsking;
  close: () => void;
  gone: (id: string) => void;
}) {
  const { t } = useTranslation();
  const remove = useAction(deleteNode);
  const { id, name, version } = node;
  const change = { endpoint: updateNode, before: node, fixed: { id, version }, done: () => undefined, close };
  if (what === "create") {
    return (
      <FormDrawer
        title={t("inventory.nodes.createTitle", { name })}
        verb={t("inventory.nodes.create")}
        endpoint={createNode}
        fixed={{ parentId: id }}
        groups={[{ fields: [{ name: "name", label: t("terms.name") }] }]}
        done={() => undefined}
        close={close}
      />
    );
  }
  if (what === "rename") {
    return (
      <FormDrawer
        {...change}
        title={t("inventory.nodes.renameTitle", { name })}
        verb={t("inventory.nodes.rename")}
        groups={[{ fields: [{ name: "name", label: t("terms.name") }] }]}
      />
    );
  }
  if (what === "move") {
    return (
      <FormDrawer
        {...change}
        title={t("inventory.nodes.moveTitle", { name })}
        verb={t("inventory.nodes.move")}
        groups={[
          {
            text: t("inventory.nodes.moveText"),
            fields: [{ name: "parentId", label: t("inventory.nodes.to"), source: nodes, required: true }],
          },
        ]}
      />
    );
  }
  return (
    <ConfirmEnd
      title={t("inventory.nodes.deleteTitle", { name })}
      text={t("inventory.nodes.deleteText")}
      names={[name]}
      verb={t("inventory.nodes.delete")}
      close={close}
      run={async () => {
        await remove.mutateAsync({ id });
        gone(id);
      }}
    />
  );
}
