import { sql } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import { containing, type Db, page } from "../../db/index.ts";
import type { Asset } from "./schema.ts";

/** SQL: the nodes that hold the asset, as [{id, name}]. */
export const nodesOfAsset = () => sql<{ id: string; name: string }[]>`coalesce((
  select json_agg(json_build_object('id', n.id, 'name', n.name) order by n.sort_name)
  from asset_node an join node n on n.org_id = an.org_id and n.id = an.node_id
  where an.org_id = asset.org_id and an.asset_id = asset.id), '[]'::json)`;

const assets = (db: Db, orgId: string) =>
  db
    .selectFrom("asset")
    .where("asset.org_id", "=", orgId)
    .select((row) => [
      "asset.id",
      "asset.name",
      "asset.host",
      "asset.comment",
      "asset.active",
      "asset.version",
      "asset.created_at as createdAt",
      "asset.updated_at as updatedAt",
      jsonArrayFrom(
        row
          .selectFrom("asset_protocol as p")
          .whereRef("p.org_id", "=", "asset.org_id")
          .whereRef("p.asset_id", "=", "asset.id")
          .select(["p.kind", "p.port", "p.settings"])
          .orderBy("p.kind"),
      ).as("protocols"),
      nodesOfAsset().as("nodes"),
      sql<number>`(select count(*)::int from account a where a.org_id = asset.org_id and a.asset_id = asset.id)`.as(
        "accounts",
      ),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof assets>["executeTakeFirstOrThrow"]>>;

const toAsset = (row: Row): Asset => ({
  ...row,
  protocols: row.protocols.map((protocol) => ({ ...protocol, settings: protocol.settings as Record<string, unknown> })),
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

export async function findAsset(db: Db, orgId: string, id: string): Promise<Asset | null> {
  const row = await assets(db, orgId).where("asset.id", "=", id).executeTakeFirst();
  return row ? toAsset(row) : null;
}

interface Filter {
  search?: string | undefined;
  nodeId?: string | undefined;
  active?: boolean | undefined;
  protocol?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export async function listAssets(db: Db, orgId: string, filter: Filter) {
  let query = assets(db, orgId);
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) =>
      row.or([
        row("asset.name", "ilike", pattern),
        row("asset.host", "ilike", pattern),
        row("asset.comment", "ilike", pattern),
      ]),
    );
  }
  if (filter.active !== undefined) query = query.where("asset.active", "=", filter.active);
  if (filter.nodeId) query = query.where(isBelowNode(filter.nodeId));
  if (filter.protocol) {
    query = query.where(sql<boolean>`exists (select 1 from asset_protocol p
      where p.org_id = asset.org_id and p.asset_id = asset.id and p.kind = ${filter.protocol})`);
  }
  const found = await page(query, {
    by: "asset.sort_name",
    id: "asset.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  return { items: found.items.map((row) => toAsset(row)), next: found.next };
}

/** SQL: the asset lies in the node or below it. */
const isBelowNode = (nodeId: string) => sql<boolean>`exists (
  select 1 from asset_node an join node_closure c on c.org_id = an.org_id and c.descendant_id = an.node_id
  where an.org_id = asset.org_id and an.asset_id = asset.id and c.ancestor_id = ${nodeId})`;

export async function replaceProtocols(
  db: Db,
  orgId: string,
  assetId: string,
  protocols: readonly { kind: string; port: number; settings: Record<string, unknown> }[],
): Promise<void> {
  await db.deleteFrom("asset_protocol").where("org_id", "=", orgId).where("asset_id", "=", assetId).execute();
  await db
    .insertInto("asset_protocol")
    .values(
      protocols.map(({ kind, port, settings }) => ({
        org_id: orgId,
        asset_id: assetId,
        kind,
        port,
        settings: JSON.stringify(settings),
      })),
    )
    .execute();
}

export async function replaceNodes(db: Db, orgId: string, assetId: string, nodeIds: readonly string[]): Promise<void> {
  await db
    .deleteFrom("asset_node")
    .where("org_id", "=", orgId)
    .where("asset_id", "=", assetId)
    .where("node_id", "not in", [...nodeIds])
    .execute();
  await db
    .insertInto("asset_node")
    .values([...new Set(nodeIds)].map((node_id) => ({ org_id: orgId, asset_id: assetId, node_id })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
