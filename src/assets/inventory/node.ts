import { type Actor, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, keptByRule, serve, violated } from "../../db/index.ts";
import { changedMeanwhile } from "../../iam/index.ts";
import * as schema from "./schema.ts";
import {
  counted,
  findNode,
  insertNode,
  isBelow,
  listNodes,
  lockTree,
  moveSubtree,
  type NodeRow,
  rootNode,
} from "./node.store.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

async function visibleNode(db: Db, actor: Actor, id: string): Promise<NodeRow> {
  const node = await findNode(db, orgOf(actor), id);
  if (!node) throw notFound("node");
  return node;
}

async function withCount<N extends NodeRow>(db: Db, actor: Actor, node: N): Promise<N & { assets: number }> {
  const [found] = await counted(db, orgOf(actor), [node]);
  return found!;
}

/** The organization's root node; SQL makes it together with the organization. */
export async function rootOf(db: Db, orgId: string): Promise<string> {
  const root = await rootNode(db, orgId);
  if (!root) throw notFound("organization");
  return root;
}

function refusal(name: string): (error: unknown) => never {
  return (error) => {
    const broken = violated(error);
    if (broken === "node_name_is_unique_among_siblings") {
      throw new Fault("conflict", `There is a node "${name}" here already. Choose another name.`);
    }
    if (broken === "node_tree_is_at_most_32_deep") throw new Fault("invalid", "A tree of nodes is at most 32 deep.");
    throw error;
  };
}

const create = serve(schema.createNode, {
  access: "granted",
  async run({ db, actor, about }, { parentId, name }) {
    await lockTree(db, orgOf(actor));
    await visibleNode(db, actor, parentId);
    const id = newId();
    about({ kind: "node", id, name });
    await insertNode(db, { id, orgId: orgOf(actor), parentId, name }).catch(refusal(name));
    return { ...(await visibleNode(db, actor, id)), assets: 0 };
  },
});

const update = serve(schema.updateNode, {
  access: "granted",
  async run({ db, actor, about, changed }, { id, version, name, parentId }) {
    const orgId = orgOf(actor);
    await lockTree(db, orgId);
    const before = await visibleNode(db, actor, id);
    about({ kind: "node", id, name: before.name });
    const moves = parentId !== undefined && parentId !== before.parentId;
    if (moves) await mustFit(db, actor, before, parentId);
    const done = await db
      .updateTable("node")
      .set({ name: name ?? before.name, version: version + 1, ...(moves && { parent_id: parentId }) })
      .where("org_id", "=", orgId)
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(refusal(name ?? before.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("node", await withCount(db, actor, before));
    if (moves) await moveSubtree(db, orgId, id, parentId).catch(refusal(before.name));
    const after = await visibleNode(db, actor, id);
    changed(before, after);
    return withCount(db, actor, after);
  },
});

async function mustFit(db: Db, actor: Actor, node: NodeRow, parentId: string): Promise<void> {
  await visibleNode(db, actor, parentId);
  if (node.parentId === null) throw new Fault("invalid", "The root node cannot be moved.");
  if (await isBelow(db, orgOf(actor), parentId, node.id))
    throw new Fault("invalid", "A node cannot be moved below itself.");
}

const remove = serve(schema.deleteNode, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    await lockTree(db, orgOf(actor));
    const node = await withCount(db, actor, await visibleNode(db, actor, id));
    about({ kind: "node", id, name: node.name });
    if (node.parentId === null) throw new Fault("conflict", "The root node cannot be deleted.");
    if (node.hasChildren || node.assets > 0) {
      throw new Fault("conflict", `The node holds ${node.assets} assets or other nodes. Move them first.`, {
        assets: node.assets,
      });
    }
    await db
      .deleteFrom("node")
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .execute()
      .catch(keptByRule("node"));
    return {};
  },
});

export const nodeActions = () => [
  serve(schema.listNodes, { access: "granted", run: ({ db, actor }, input) => listNodes(db, orgOf(actor), input) }),
  create,
  update,
  remove,
];
