import { createGrant, deleteGrant, listNodes, updateGrant, updateNode } from "../../src/assets/schema.ts";
import { firstOf, idOf } from "../../test/support/authorization-data.ts";
import { type Figure, type Stage, timed } from "./authorize-stage.ts";

const CHANGE = { goal: 100 };

/** Changes as administrators make them: committed, synced, audited. */
export async function changes(stage: Stage, calls: number): Promise<Figure[]> {
  const { size, call, admin } = stage;
  const some = (kind: "user" | "asset" | "group" | "node", n: number, below: number, count: number) => [
    ...new Set(Array.from({ length: count }, (_, index) => idOf(kind, (n * 7919 + index * 101) % below))),
  ];
  const made: { id: string; version: number }[] = [];
  const created = await timed(
    "creating a rule",
    calls,
    async (n) => {
      const rule = {
        name: `Made ${n} ${process.hrtime.bigint()}`,
        userIds: some("user", n, size.people, 3),
        groupIds: some("group", n, size.groups, 2),
        assetIds: some("asset", n, size.assets, 20),
        nodeIds: some("node", n, firstOf(size, 7), 2),
        accounts: { all: true },
        protocols: { all: true },
      };
      made.push(await call(admin, createGrant, rule));
    },
    CHANGE,
  );
  const changed = await timed(
    "changing a rule",
    calls,
    async (n) => {
      const { id, version } = made[n % made.length]!;
      const assetIds = some("asset", n + 1, size.assets, 20);
      made[n % made.length] = await call(admin, updateGrant, { id, version, assetIds, actions: ["connect", "upload"] });
    },
    CHANGE,
  );
  const deleted = await timed(
    "deleting a rule",
    Math.floor(made.length / 2),
    () => call(admin, deleteGrant, { id: made.pop()!.id }),
    CHANGE,
  );
  for (const { id } of made) await call(admin, deleteGrant, { id });
  return [created, changed, deleted, await moves(stage, calls)];
}

/** A node right below the root, with a tenth of all assets (a fifth at a tenth), goes below another one and back. */
async function moves({ call, admin }: Stage, calls: number): Promise<Figure> {
  const root = (await call(admin, listNodes, {})).items[0]!;
  const { items } = await call(admin, listNodes, { parentId: root.id });
  const [moving, other] = [idOf("node", 1), idOf("node", 3)];
  let { version, parentId } = items.find(({ id }) => id === moving)!;
  const move = async () => {
    const to = parentId === other ? root.id : other;
    ({ version, parentId } = await call(admin, updateNode, { id: moving, version, parentId: to }));
  };
  const figure = await timed("moving a node with a tenth of all assets", calls, move, CHANGE);
  if (parentId === other) await move();
  return figure;
}
