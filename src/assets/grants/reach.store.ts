import { type RawBuilder, sql } from "kysely";
import { Fault, Id } from "../../core/index.ts";
import { containing, type Db, decodeCursor, encodeCursor } from "../../db/index.ts";
import { myRules } from "./decision.store.ts";

/** What the rules in force give a person, before it is spelled out asset by asset. */
export interface Reach {
  readonly orgId: string;
  readonly userId: string;
  readonly ruleIds: readonly string[];
  /** Nodes of these rules, those below another one left out: no asset lies below two by one placement. */
  readonly nodeIds: readonly string[];
  /** Whether it is few enough assets to be spelled out and sorted. */
  readonly few: boolean;
}

export interface ReachFilter {
  readonly search?: string | undefined;
  /** Exactly this name, address or id. */
  readonly called?: string | undefined;
  readonly nodeId?: string | undefined;
  /** Only the person's own. */
  readonly favourites?: "true" | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * So many assets are looked up one by one and sorted. What is more is walked in the order of names until the page is
 * full: with at least so many of 100,000, about 1,700 are passed for a page of 50.
 */
const FEW = 3_000;

/**
 * SQL keeps to the lookups that are written here: `offset 0` holds the planner off joining or hashing whole tables,
 * which it does as soon as it takes a person for somebody who reaches more; `is true` keeps a set of nodes a hash.
 */
const nodesBelow = (orgId: string, nodeIds: RawBuilder<unknown>) => sql`
  select c.descendant_id from unnest(${nodeIds}) top cross join lateral
    (select descendant_id from node_closure where org_id = ${orgId} and ancestor_id = top offset 0) c`;

/** SQL: the placements in nodes and below them, to be selected from. */
const placementsBelow = (orgId: string, nodeIds: RawBuilder<unknown>) => sql`
  (${nodesBelow(orgId, nodeIds)}) below
  cross join lateral (select p.asset_id, p.sort_name, p.active, p.sole from asset_node p
    where p.org_id = ${orgId} and p.node_id = below.descendant_id offset 0) p`;

/** The rules and nodes through which a person reaches assets, and whether these are few. */
export async function reachOf(db: Db, orgId: string, userId: string, now: Date): Promise<Reach> {
  const found = await sql<{ ruleIds: string[]; nodeIds: string[]; few: boolean }>`
    with mine as materialized (${myRules(orgId, userId, now)}),
    named as materialized (select distinct gn.node_id from mine cross join lateral
      (select node_id from grant_node where org_id = ${orgId} and grant_id = mine.id offset 0) gn),
    top as materialized (select node_id from named where not exists (select 1 from node_closure c
      where c.org_id = ${orgId} and c.descendant_id = named.node_id and c.depth > 0 and c.ancestor_id in (select node_id from named) offset 0))
    select array(select id from mine) as "ruleIds", array(select node_id from top) as "nodeIds",
      (select count(*) from (select 1 from ${placementsBelow(orgId, sql`array(select node_id from top)`)} limit ${FEW + 1}) p)
      + (select count(*) from (select 1 from mine cross join lateral
          (select 1 from grant_asset where org_id = ${orgId} and grant_id = mine.id offset 0) a limit ${FEW + 1}) a) <= ${FEW} as few
  `.execute(db);
  return { orgId, userId, ...found.rows[0]! };
}

const ORDER = { by: "asset.sort_name", to: "asc" } as const;

/** One page of the assets in a reach, in the order of their names, and the cursor of the next. */
export async function reachedPage(
  db: Db,
  reach: Reach,
  filter: ReachFilter,
): Promise<{ ids: string[]; next: string | null }> {
  const { limit, cursor } = filter;
  const source = await sourceOf(db, reach, filter);
  const conditions = conditionsOn(reach, filter, source, cursor === undefined ? null : read(cursor));
  const query =
    source === "walk" ? walk(reach, conditions, limit + 1) : pick(picks(reach, filter, source), conditions, limit + 1);
  const found = await sql<{ id: string; sort_name: string }>`${query}`.execute(db);
  const shown = found.rows.slice(0, limit);
  const last = found.rows.length > limit ? shown.at(-1) : undefined;
  const next = last ? encodeCursor({ ...ORDER, key: last.sort_name, id: last.id }) : null;
  return { ids: shown.map(({ id }) => id), next };
}

function read(text: string): { key: string; id: string } {
  const cursor = decodeCursor(text, ORDER);
  if (Id.safeParse(cursor.id).success) return cursor;
  throw new Fault("invalid", "The page cursor is not valid for this list. Start again from the first page.");
}

/** Where the candidates of a page come from: whatever is few, and otherwise the names in their order. */
type Source = "called" | "favourites" | "reach" | "text" | "node" | "walk";

async function sourceOf(db: Db, reach: Reach, { called, favourites, search, nodeId }: ReachFilter): Promise<Source> {
  if (called) return "called";
  if (favourites) return "favourites";
  if (reach.few) return "reach";
  if (nodeId && (await isFew(db, sql`select 1 from ${placementsBelow(reach.orgId, sql`array[${nodeId}::uuid]`)}`)))
    return "node";
  // The index of trigrams knows nothing of shorter texts; they are found often enough to walk.
  if (search && /[\p{L}\p{N}]{3}/u.test(search) && (await isFew(db, assetsWithText(reach.orgId, search))))
    return "text";
  return "walk";
}

async function isFew(db: Db, rows: RawBuilder<unknown>): Promise<boolean> {
  const counted = await sql<{ few: boolean }>`
    select count(*) <= ${FEW} as few from (${rows} limit ${FEW + 1}) x`.execute(db);
  return counted.rows[0]!.few;
}

const withText = (search: string) => sql`search_text like lower(${containing(search)})`;

const assetsWithText = (orgId: string, search: string) =>
  sql`select id as asset_id, sort_name from asset where org_id = ${orgId} and active and ${withText(search)}`;

/** SQL: the candidates as (asset_id, sort_name); active ones only. */
function picks(reach: Reach, { called, search, nodeId }: ReachFilter, source: Exclude<Source, "walk">) {
  const { orgId, nodeIds } = reach;
  const below = (ids: RawBuilder<unknown>) =>
    sql`select asset_id, sort_name from ${placementsBelow(orgId, ids)} where active`;
  if (source === "reach") return sql`${below(sql`${nodeIds}::uuid[]`)} union all ${granted(reach)}`;
  if (source === "node") return below(sql`array[${nodeId}::uuid]`);
  if (source === "favourites") return marked(reach, sql`m.favourite`);
  if (source === "text")
    return sql`${assetsWithText(orgId, search ?? "")} union ${marked(reach, ownNameWith(search ?? ""))}`;
  const name = (called ?? "").toLowerCase();
  const one = (condition: RawBuilder<unknown>) =>
    sql`select id as asset_id, sort_name from asset where org_id = ${orgId} and active and ${condition}`;
  const byId = Id.safeParse(name).success ? sql`union ${one(sql`id = ${name}`)}` : sql``;
  return sql`${one(sql`sort_name = ${name}`)} union ${one(sql`lower(host) = ${name}`)} ${byId}`;
}

const ownNameWith = (search: string) => sql`lower(m.own_name) like lower(${containing(search)})`;

/** SQL: the active assets that the person marked so, as (asset_id, sort_name); m: the mark. */
const marked = ({ orgId, userId }: Reach, condition: RawBuilder<unknown>) => sql`
  select m.asset_id, a.sort_name from asset_mark m
  cross join lateral (select sort_name from asset where org_id = ${orgId} and id = m.asset_id and active offset 0) a
  where m.org_id = ${orgId} and m.user_id = ${userId} and ${condition}`;

/** SQL: the active assets that rules of the reach name themselves, as (asset_id, sort_name). */
const granted = ({ orgId, ruleIds }: Reach) => sql`
  select ga.asset_id, a.sort_name from grant_asset ga
  cross join lateral (select sort_name from asset where org_id = ${orgId} and id = ga.asset_id and active offset 0) a
  where ga.org_id = ${orgId} and ga.grant_id = any(${ruleIds}::uuid[])`;

/** SQL: what is asked of a candidate x beyond where it comes from. */
function conditionsOn(
  { orgId, userId, ruleIds, nodeIds }: Reach,
  { search, nodeId }: ReachFilter,
  source: Source,
  from: { key: string; id: string } | null,
): RawBuilder<unknown> {
  const placed = (ids: readonly string[]) => sql`exists (select 1 from asset_node p
    join node_closure c on c.org_id = p.org_id and c.descendant_id = p.node_id
    where p.org_id = ${orgId} and p.asset_id = x.asset_id and c.ancestor_id = any(${ids}::uuid[]) offset 0)`;
  const asked = [sql`true`];
  if (from) asked.push(sql`(x.sort_name, x.asset_id) > (${from.key}, ${from.id}::uuid)`);
  if (source !== "walk" && source !== "reach")
    asked.push(sql`(${placed(nodeIds)} or exists (select 1 from grant_asset ga where ga.org_id = ${orgId}
      and ga.asset_id = x.asset_id and ga.grant_id = any(${ruleIds}::uuid[]) offset 0))`);
  if (nodeId && source !== "node") asked.push(placed([nodeId]));
  if (search && source !== "text")
    asked.push(sql`(exists (select 1 from asset where org_id = ${orgId} and id = x.asset_id and ${withText(search)} offset 0)
      or exists (select 1 from asset_mark m where m.org_id = ${orgId} and m.user_id = ${userId} and m.asset_id = x.asset_id
        and ${ownNameWith(search)} offset 0))`);
  return sql.join(asked, sql` and `);
}

const pick = (from: RawBuilder<unknown>, conditions: RawBuilder<unknown>, limit: number) => sql`
  select distinct x.sort_name, x.asset_id as id from (${from}) x where ${conditions} order by x.sort_name, id limit ${limit}`;

/** SQL: placements in the order of names, as an index holds them, until the page is full; `is true` makes the nodes a hash. */
const walk = (reach: Reach, conditions: RawBuilder<unknown>, limit: number) => sql`
  select sort_name, id from (
    (select distinct x.sort_name, x.asset_id as id from asset_node x
      where x.org_id = ${reach.orgId} and x.active and (x.node_id in (${nodesBelow(reach.orgId, sql`${reach.nodeIds}::uuid[]`)})) is true
        and ${conditions} order by x.sort_name, id limit ${limit})
    union (${pick(granted(reach), conditions, limit)})) found
  order by sort_name, id limit ${limit}`;

/**
 * SQL: (id, assets) of each node right below a parent, or of the root, below which the reach has something. Assets in one
 * node only are summed from the tree's counts wherever the reach has the whole node; the others are counted one by one.
 */
export function countsBelow(reach: Reach, parentId: string | undefined): RawBuilder<{ id: string; assets: number }> {
  const { orgId, nodeIds, few } = reach;
  const tops = sql`${nodeIds}::uuid[]`;
  const covered = sql`(p.node_id in (${nodesBelow(orgId, tops)})) is true`;
  const several = few
    ? sql`select p.asset_id from (select p.asset_id, p.active, p.sole from ${placementsBelow(orgId, tops)}) p where p.active and not p.sole`
    : sql`select p.asset_id from asset_node p where p.org_id = ${orgId} and not p.sole and p.active and ${covered}`;
  return sql`
    with child as materialized (select id from node where org_id = ${orgId} and parent_id ${parentId ? sql`= ${parentId}` : sql`is null`}),
    whole as materialized (
      select child.id, child.id as top_id from child where exists (select 1 from node_closure c
        where c.org_id = ${orgId} and c.descendant_id = child.id and c.ancestor_id = any(${tops}) offset 0)
      union all select child.id, c.descendant_id from node_closure c join child on child.id = c.ancestor_id
        where c.org_id = ${orgId} and c.descendant_id = any(${tops}) and c.depth > 0),
    single as materialized (${several} union
      select g.asset_id from (${granted(reach)}) g where not exists (select 1 from asset_node p
        where p.org_id = ${orgId} and p.asset_id = g.asset_id and p.sole and ${covered} offset 0))
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
