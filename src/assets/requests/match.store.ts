import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";

/** Whose rules, of which sort. */
export interface Asker {
  readonly orgId: string;
  readonly userId: string;
  readonly breakGlass: boolean;
}

/** SQL: the active rules that name the asker, or one of the asker's groups, or everybody. */
const rulesOf = ({ orgId, userId, breakGlass }: Asker) => sql`
  select r.* from request_rule r
  where r.org_id = ${orgId} and r.active and r.break_glass = ${breakGlass}
    and (r.for_everybody or exists (
      select from request_rule_side s
      where s.org_id = r.org_id and s.rule_id = r.id and s.side = 'asker'
        and (s.user_id = ${userId} or s.group_id in (
          select gm.group_id from group_member gm where gm.org_id = r.org_id and gm.user_id = ${userId}))))`;

/** SQL: rule `r` covers the asset whose id is `asset`. */
const coversAsset = (asset: ReturnType<typeof sql.ref>) => sql<boolean>`(r.covers_everything or exists (
  select from request_rule_side s
  where s.org_id = r.org_id and s.rule_id = r.id and s.side = 'covered'
    and (s.asset_id = ${asset} or s.node_id in (
      select c.ancestor_id from asset_node an
      join node_closure c on c.org_id = an.org_id and c.descendant_id = an.node_id
      where an.org_id = r.org_id and an.asset_id = ${asset}))))`;

/** SQL: rule `r` covers the whole node: it names it or a node above it. */
const coversNode = (node: ReturnType<typeof sql.ref>) => sql<boolean>`(r.covers_everything or exists (
  select from request_rule_side s
  join node_closure c on c.org_id = s.org_id and c.ancestor_id = s.node_id and c.descendant_id = ${node}
  where s.org_id = r.org_id and s.rule_id = r.id and s.side = 'covered'))`;

/** SQL: rule `r` covers something that lies below the node, though perhaps not all of it. */
const touchesNode = (node: ReturnType<typeof sql.ref>) => sql<boolean>`(exists (
  select from request_rule_side s
  join node_closure c on c.org_id = s.org_id and c.descendant_id = s.node_id and c.ancestor_id = ${node}
  where s.org_id = r.org_id and s.rule_id = r.id and s.side = 'covered')
  or exists (
    select from node_closure below
    join asset_node an on an.org_id = below.org_id and an.node_id = below.descendant_id
    where below.org_id = r.org_id and below.ancestor_id = ${node} and ${coversAsset(sql.ref("an.asset_id"))}))`;

/** What was asked for, and the first rule that has to do with it; null: none covers all of it. */
export interface Matched {
  readonly id: string;
  readonly name: string;
  readonly what: "asset" | "node";
  readonly rule: { readonly id: string; readonly name: string; readonly longestMinutes: number } | null;
  /** False: the rule covers only a part of the node. */
  readonly whole: boolean;
}

/** One row for each of the assets and nodes that the organization has; those that are switched off are as good as missing. */
export async function matchTargets(
  db: Db,
  asker: Asker,
  { assetIds, nodeIds }: { readonly assetIds: readonly string[]; readonly nodeIds: readonly string[] },
): Promise<Matched[]> {
  const first = (touches: ReturnType<typeof sql>, covers: ReturnType<typeof sql>) => sql`left join lateral (
    select json_build_object('id', r.id, 'name', r.name, 'longestMinutes', r.longest_minutes) as rule, ${covers} as whole
    from (${rulesOf(asker)}) r where ${touches} order by r.priority, r.sort_name, r.id limit 1) m
    on exists (select from (${rulesOf(asker)}) r where ${covers})`;
  const asset = coversAsset(sql.ref("asset.id"));
  const node = coversNode(sql.ref("node.id"));
  const { rows } = await sql<Matched>`
    select asset.id, asset.name, 'asset' as what, m.rule, coalesce(m.whole, false) as whole from asset ${first(asset, asset)}
    where asset.org_id = ${asker.orgId} and asset.active and asset.id = any (${[...assetIds]}::uuid[])
    union all
    select node.id, node.name, 'node', m.rule, coalesce(m.whole, false) from node
      ${first(sql`(${node} or ${touchesNode(sql.ref("node.id"))})`, node)}
    where node.org_id = ${asker.orgId} and node.id = any (${[...nodeIds]}::uuid[])`.execute(db);
  return rows;
}

/** How to look: by a part of the name, or only by the whole of it. */
export interface Look {
  readonly search: string | undefined;
  readonly parts: boolean;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Assets that some rule lets the asker ask for. Without words and without shown names: none. */
export async function findRequestableAssets(db: Db, asker: Asker, { search, parts, limit, cursor }: Look) {
  let query = db
    .selectFrom("asset")
    .select(["asset.id", "asset.name", "asset.host"])
    .where("asset.org_id", "=", asker.orgId)
    .where("asset.active", "=", true)
    .where(sql<boolean>`exists (select from (${rulesOf(asker)}) r where ${coversAsset(sql.ref("asset.id"))})`);
  if (!parts) {
    query = query.where("asset.sort_name", "=", (search ?? "").toLowerCase());
  } else if (search) {
    const pattern = containing(search);
    query = query.where((row) => row.or([row("asset.name", "ilike", pattern), row("asset.host", "ilike", pattern)]));
  }
  return page(query, { by: "asset.sort_name", id: "asset.id", limit, cursor });
}

export async function findRequestableNodes(db: Db, asker: Asker, { search, parts, limit, cursor }: Look) {
  let query = db
    .selectFrom("node")
    .select(["node.id", "node.name", sql<null>`null`.as("host")])
    .where("node.org_id", "=", asker.orgId)
    .where(sql<boolean>`exists (select from (${rulesOf(asker)}) r where ${coversNode(sql.ref("node.id"))})`);
  if (!parts) query = query.where("node.sort_name", "=", (search ?? "").toLowerCase());
  else if (search) query = query.where("node.name", "ilike", containing(search));
  return page(query, { by: "node.sort_name", id: "node.id", limit, cursor });
}

export async function someRuleNames(db: Db, asker: Asker): Promise<boolean> {
  const { rows } = await sql`select 1 from (${rulesOf(asker)}) r limit 1`.execute(db);
  return rows.length > 0;
}

/** Ids of the users that review by a rule, by name or by group. */
export async function reviewersOf(db: Db, orgId: string, ruleId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select user_id as id from request_rule_side
    where org_id = ${orgId} and rule_id = ${ruleId} and side = 'reviewer' and user_id is not null
    union
    select gm.user_id from request_rule_side s join group_member gm on gm.org_id = s.org_id and gm.group_id = s.group_id
    where s.org_id = ${orgId} and s.rule_id = ${ruleId} and s.side = 'reviewer'`.execute(db);
  return rows.map(({ id }) => id);
}
