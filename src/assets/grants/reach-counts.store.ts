import { type RawBuilder, sql } from "kysely";
import { granted, isIn, placementsBelow, type Reach } from "./reach.store.ts";

/**
 * SQL: (id, assets) of each node right below a parent, or of the root, below which the reach has something. Assets in one
 * node only are summed from the counts that the tree keeps; the others are counted one by one.
 */
export function countsBelow(reach: Reach, parentId: string | undefined): RawBuilder<{ id: string; assets: number }> {
  const child = sql`child as materialized (select id from node
    where org_id = ${reach.orgId} and parent_id ${parentId ? sql`= ${parentId}` : sql`is null`})`;
  return reach.few ? countsOfFew(reach, child) : countsOfMany(reach, child);
}

/** SQL: what rules name themselves and what no node of the reach has as an asset of that node only, as (asset_id). */
const grantedBeside = (reach: Reach) => sql`
  select g.asset_id from (${granted(reach)}) g where not exists (select 1 from asset_node p
    where p.org_id = ${reach.orgId} and p.asset_id = g.asset_id and p.sole
      and ${isIn("p.node_id", reach.orgId, sql`${reach.nodeIds}::uuid[]`)} offset 0)`;

/** From the nodes and assets of the reach upwards. */
function countsOfFew(reach: Reach, child: RawBuilder<unknown>): RawBuilder<{ id: string; assets: number }> {
  const { orgId } = reach;
  const tops = sql`${reach.nodeIds}::uuid[]`;
  return sql`
    with ${child},
    whole as materialized (
      select child.id, child.id as top_id from child where exists (select 1 from node_closure c
        where c.org_id = ${orgId} and c.descendant_id = child.id and c.ancestor_id = any(${tops}) offset 0)
      union all select child.id, c.descendant_id from node_closure c join child on child.id = c.ancestor_id
        where c.org_id = ${orgId} and c.descendant_id = any(${tops}) and c.depth > 0),
    single as materialized (
      select p.asset_id from (select p.asset_id, p.active, p.sole from ${placementsBelow(orgId, tops)}) p where p.active and not p.sole
      union ${grantedBeside(reach)})
    select id, sum(assets)::int as assets from (
      select whole.id, sum(n.sole_active) as assets from whole cross join lateral
        (select descendant_id from node_closure where org_id = ${orgId} and ancestor_id = whole.top_id offset 0) c
      join node n on n.org_id = ${orgId} and n.id = c.descendant_id group by 1
      union all select child.id, count(distinct single.asset_id) from single
      cross join lateral (select c.ancestor_id from asset_node p join node_closure c on c.org_id = p.org_id and c.descendant_id = p.node_id
        where p.org_id = ${orgId} and p.asset_id = single.asset_id offset 0) above
      join child on child.id = above.ancestor_id group by 1) x
    group by id having sum(assets) > 0`;
}

/** From the children downwards: every node below them once, beside all counts and all assets that lie in several nodes. */
function countsOfMany(reach: Reach, child: RawBuilder<unknown>): RawBuilder<{ id: string; assets: number }> {
  const { orgId } = reach;
  const covered = (of: string) => isIn(of, orgId, sql`${reach.nodeIds}::uuid[]`);
  return sql`
    with ${child},
    inside as materialized (select child.id, c.descendant_id as node_id from child cross join lateral
      (select descendant_id from node_closure where org_id = ${orgId} and ancestor_id = child.id offset 0) c),
    held as materialized (select id as node_id, sole_active from node where org_id = ${orgId} and sole_active > 0 and ${covered("id")}),
    several as materialized (select asset_id, node_id from asset_node where org_id = ${orgId} and not sole and active),
    beside as materialized (${grantedBeside(reach)}),
    single as materialized (select asset_id from several where ${covered("node_id")} union select asset_id from beside),
    placed as materialized (select asset_id, node_id from several where (asset_id in (select asset_id from single)) is true
      union select beside.asset_id, p.node_id from beside cross join lateral
        (select node_id from asset_node where org_id = ${orgId} and asset_id = beside.asset_id offset 0) p)
    select id, sum(assets)::int as assets from (
      select inside.id, sum(held.sole_active) as assets from inside join held using (node_id) group by 1
      union all select id, count(*) from (select distinct inside.id, placed.asset_id from inside join placed using (node_id)) x group by 1) x
    group by id having sum(assets) > 0`;
}
