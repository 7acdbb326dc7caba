import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { createAsset, createNode, deleteAsset, deleteNode, listAssets, listNodes, updateNode } from "../schema.ts";
import { rootOf } from "./node.ts";

let door: Door;
let admin: Actor & { orgId: string };
let stranger: Actor & { orgId: string };
let root: string;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
  root = await rootOf(door.db, admin.orgId);
});
afterAll(() => door.close());

let count = 0;
const add = (parentId = root, name = `node-${++count}`) => door.call(admin, createNode, { parentId, name });
const move = (id: string, parentId: string, version = 1) => door.call(admin, updateNode, { id, version, parentId });
const children = async (parentId?: string) => (await door.call(admin, listNodes, parentId ? { parentId } : {})).items;

/** The closure as it must be, from the parents alone. */
async function expectTrueClosure(): Promise<void> {
  const { rows } = await sql<{ wrong: string }>`
    with recursive up (descendant_id, ancestor_id, depth) as (
      select id, id, 0 from node union all select u.descendant_id, n.parent_id, u.depth + 1 from up u join node n on n.id = u.ancestor_id where n.parent_id is not null)
    (select descendant_id, ancestor_id, depth from up except select descendant_id, ancestor_id, depth from node_closure)
    union all (select descendant_id, ancestor_id, depth from node_closure except select descendant_id, ancestor_id, depth from up)`.execute(
    door.db,
  );
  expect(rows).toEqual([]);
}

describe("nodes", () => {
  test("there is one root, also when two make it at once; it is neither moved nor deleted", async () => {
    const orgId = await door.organization("Fresh");
    const roots = await Promise.all(
      Array.from({ length: 5 }, () => door.database.transaction((db) => rootOf(db, orgId))),
    );
    expect(new Set(roots).size).toBe(1);
    const { id } = await add();
    expect(await door.codeOf(move(root, id))).toBe("invalid");
    expect(await door.codeOf(door.call(admin, deleteNode, { id: root }))).toBe("conflict");
    const second =
      sql`insert into node (id, org_id, name) values (gen_random_uuid(), ${admin.orgId}, 'second root')`.execute(
        door.db,
      );
    await expect(second).rejects.toThrow("organization_has_one_root_node");
  });

  test("a node is not moved below itself or below what is below it", async () => {
    const [top, other] = [await add(), await add()];
    const middle = await add(top.id);
    const low = await add(middle.id);
    expect([
      await door.codeOf(move(top.id, top.id)),
      await door.codeOf(move(top.id, middle.id)),
      await door.codeOf(move(top.id, low.id)),
    ]).toEqual(["invalid", "invalid", "invalid"]);
    expect(await door.codeOf(move(middle.id, other.id))).toBe("ok");
    expect((await children(other.id)).map(({ id }) => id)).toEqual([middle.id]);
    const [found] = (await door.call(admin, listNodes, { search: low.name })).items;
    expect(found?.path.map(({ id }) => id)).toEqual([root, other.id, middle.id]);
    await expectTrueClosure();
  });

  test("of two moves that would make a ring together, one is refused", async () => {
    const [one, two] = [await add(), await add()];
    const codes = await Promise.all([door.codeOf(move(one.id, two.id)), door.codeOf(move(two.id, one.id))]);
    expect(codes.toSorted()).toEqual(["invalid", "ok"]);
    await expectTrueClosure();
  });

  test("a tree is at most 32 deep, by making and by moving", async () => {
    let lowest = root;
    const chain: string[] = [];
    for (let depth = 1; depth <= 32; depth++) chain.push((lowest = (await add(lowest)).id));
    expect(await door.codeOf(add(lowest))).toBe("invalid");
    const branch = await add();
    await add(branch.id);
    expect(await door.codeOf(move(branch.id, chain[30]!))).toBe("invalid");
    expect(await door.codeOf(move(branch.id, chain[29]!))).toBe("ok");
    await expectTrueClosure();
  });

  test("names are unique among siblings only, whatever the case of letters; also after a move", async () => {
    const [here, there] = [await add(), await add()];
    await add(here.id, "Twin");
    const twin = await add(there.id, "twin");
    expect(await door.codeOf(add(here.id, "TWIN"))).toBe("conflict");
    expect(await door.codeOf(move(twin.id, here.id))).toBe("conflict");
    expect((await children(there.id)).map(({ id, version }) => [id, version])).toEqual([[twin.id, 1]]);
  });

  test("a change that was based on an older version is refused", async () => {
    const { id } = await add();
    await door.call(admin, updateNode, { id, version: 1, name: "renamed" });
    await expect(door.call(admin, updateNode, { id, version: 1, name: "late" })).rejects.toMatchObject({
      code: "conflict",
      details: { current: { name: "renamed", version: 2 } },
    });
  });

  test("counts are of distinct assets in the node and below; a node that holds something is not deleted", async () => {
    const top = await add();
    const below = await add(top.id);
    const protocols = [{ kind: "ssh", port: 22 }];
    const asset = await door.call(admin, createAsset, {
      name: `asset-${++count}`,
      host: "h",
      protocols,
      nodeIds: [top.id, below.id],
    });
    await door.call(admin, createAsset, { name: `asset-${++count}`, host: "h", protocols, nodeIds: [below.id] });
    const counted = (await children(root)).find(({ id }) => id === top.id);
    expect(counted).toMatchObject({ assets: 2, hasChildren: true });
    expect((await door.call(admin, listAssets, { nodeId: top.id })).items).toHaveLength(2);
    expect([
      await door.codeOf(door.call(admin, deleteNode, { id: top.id })),
      await door.codeOf(door.call(admin, deleteNode, { id: below.id })),
    ]).toEqual(["conflict", "conflict"]);
    for (const { id } of (await door.call(admin, listAssets, { nodeId: top.id })).items)
      await door.call(admin, deleteAsset, { id });
    expect(asset.nodes).toHaveLength(2);
    expect(await door.codeOf(door.call(admin, deleteNode, { id: below.id }))).toBe("ok");
    expect(await door.codeOf(door.call(admin, deleteNode, { id: top.id }))).toBe("ok");
  });

  test("another organization neither sees nor uses them, in the program and in SQL", async () => {
    const { id } = await add();
    const own = await rootOf(door.db, stranger.orgId);
    const tries = [
      door.call(stranger, createNode, { parentId: id, name: "x" }),
      door.call(stranger, updateNode, { id, version: 1, name: "x" }),
      door.call(stranger, updateNode, { id: own, version: 1, parentId: id }),
      door.call(stranger, deleteNode, { id }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(["not_found", "not_found", "not_found", "not_found"]);
    expect((await door.call(stranger, listNodes, { parentId: id })).items).toEqual([]);
    expect((await door.call(stranger, listNodes, { search: "node" })).items).toEqual([]);
    const smuggled =
      sql`insert into node (id, org_id, parent_id, name) values (gen_random_uuid(), ${stranger.orgId}, ${id}, 'x')`.execute(
        door.db,
      );
    await expect(smuggled).rejects.toThrow("node_parent_is_of_the_organization");
  });
});
