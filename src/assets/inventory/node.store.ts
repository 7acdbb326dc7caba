import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";

const nodes = (db: Db, orgId: string) =>
  db
    .selectFrom("node")
    .where("node.org_id", "=", orgId)
    .select([
      "node.id",
      "node.parent_id as parentId",
      "node.name",
      "node.version",
      sql<boolean>`exists (select 1 from node child where child.org_id = node.org_id and child.parent_id = node.id)`.as(
        "hasChildren",
      ),
    ]);

export type NodeRow = Awaited<ReturnType<ReturnType<typeof nodes>["executeTakeFirstOrThrow"]>>;

export const findNode = (db: Db, orgId: string, id: string): Promise<NodeRow | undefined> =>
  nodes(db, orgId).where("node.id", "=", id).executeTakeFirst();

/** Each node with how many distinct assets lie in it and below: those in one node by the tree's counts, others one by one. */
export async function counted<N extends { id: string }>(
  db: Db,
  orgId: string,
  found: readonly N[],
): Promise<(N & { assets: number })[]> {
  const ids = found.map(({ id }) => id);
  // Materialized, lest the planner looks every node up that it takes for one of few.
  const counts = await sql<{ id: string; assets: number }>`
    with inside as materialized (select top as id, c.descendant_id as node_id from unnest(${ids}::uuid[]) top cross join lateral
      (select descendant_id from node_closure where org_id = ${orgId} and ancestor_id = top offset 0) c),
    held as materialized (select id as node_id, sole_assets from node where org_id = ${orgId} and sole_assets > 0),
    several as materialized (select asset_id, node_id from asset_node where org_id = ${orgId} and not sole)
    select id, sum(assets)::int as assets from (
      select inside.id, sum(held.sole_assets) as assets from inside join held using (node_id) group by 1
      union all select id, count(*) from (select distinct inside.id, several.asset_id from inside join several using (node_id)) x group by 1) x
    group by id`.execute(db);
  const byId = new Map(counts.rows.map(({ id, assets }) => [id, assets]));
  return found.map((node) => ({ ...node, assets: byId.get(node.id) ?? 0 }));
}

/** SQL: the node's ancestors from the root down, itself left out, as [{id, name}]. */
const pathOf = (orgId: string) => sql<{ id: string; name: string }[]>`coalesce((
  select json_agg(json_build_object('id', a.id, 'name', a.name) order by c.depth desc)
  from node_closure c join node a on a.org_id = c.org_id and a.id = c.ancestor_id
  where c.org_id = ${orgId} and c.descendant_id = node.id and c.depth > 0), '[]'::json)`;

export async function listNodes(
  db: Db,
  orgId: string,
  filter: { parentId?: string | undefined; search?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = nodes(db, orgId).select(pathOf(orgId).as("path"));
  if (filter.search) query = query.where("node.name", "ilike", containing(filter.search));
  if (filter.parentId) query = query.where("node.parent_id", "=", filter.parentId);
  else if (!filter.search) query = query.where("node.parent_id", "is", null);
  const found = await page(query, { by: "node.sort_name", id: "node.id", limit: filter.limit, cursor: filter.cursor });
  return { items: await counted(db, orgId, found.items), next: found.next };
}

/** The organization's root; null before the first node was made. */
export async function rootNode(db: Db, orgId: string): Promise<string | null> {
  const root = await db
    .selectFrom("node")
    .select("id")
    .where("org_id", "=", orgId)
    .where("parent_id", "is", null)
    .executeTakeFirst();
  return root?.id ?? null;
}

/** Inserts a node and its closure. */
export async function insertNode(
  db: Db,
  node: { id: string; orgId: string; parentId: string | null; name: string },
): Promise<void> {
  const { id, orgId, parentId, name } = node;
  await db.insertInto("node").values({ id, org_id: orgId, parent_id: parentId, name }).execute();
  await sql`
    insert into node_closure (org_id, ancestor_id, descendant_id, depth)
    select org_id, ancestor_id, ${id}::uuid, depth + 1 from node_closure where org_id = ${orgId} and descendant_id = ${parentId}::uuid
    union all select ${orgId}::uuid, ${id}::uuid, ${id}::uuid, 0`.execute(db);
}

/** Whether `id` lies below `ancestorId` or is it. */
export async function isBelow(db: Db, orgId: string, id: string, ancestorId: string): Promise<boolean> {
  const found = await db
    .selectFrom("node_closure")
    .select("depth")
    .where("org_id", "=", orgId)
    .where("ancestor_id", "=", ancestorId)
    .where("descendant_id", "=", id)
    .executeTakeFirst();
  return found !== undefined;
}

/** Rewrites the closure of a subtree that hangs under another parent now. */
export async function moveSubtree(db: Db, orgId: string, id: string, parentId: string): Promise<void> {
  await sql`
    delete from node_closure c using node_closure sub
    where c.org_id = ${orgId} and sub.org_id = ${orgId} and sub.ancestor_id = ${id} and c.descendant_id = sub.descendant_id
      and not exists (select 1 from node_closure inside
        where inside.org_id = ${orgId} and inside.ancestor_id = ${id} and inside.descendant_id = c.ancestor_id)`.execute(
    db,
  );
  await sql`
    insert into node_closure (org_id, ancestor_id, descendant_id, depth)
    select ${orgId}::uuid, above.ancestor_id, below.descendant_id, above.depth + below.depth + 1
    from node_closure above cross join node_closure below
    where above.org_id = ${orgId} and above.descendant_id = ${parentId} and below.org_id = ${orgId} and below.ancestor_id = ${id}`.execute(
    db,
  );
}

/** Makes every change to an organization's tree wait for the one before. */
export async function lockTree(db: Db, orgId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`node tree ${orgId}`}, 0))`.execute(db);
}
