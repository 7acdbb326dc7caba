import { type RawBuilder, sql } from "kysely";
import { Fault, Id } from "../../core/index.ts";
import { containing, type Db, decodeCursor, encodeCursor, prepared } from "../../db/index.ts";
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
export const placementsBelow = (orgId: string, nodeIds: RawBuilder<unknown>) => sql`
  (${nodesBelow(orgId, nodeIds)}) below
  cross join lateral (select p.asset_id, p.sort_name, p.active, p.sole from asset_node p
    where p.org_id = ${orgId} and p.node_id = below.descendant_id offset 0) p`;

/** The rules and nodes through which a person reaches assets, and whether these are few. */
export async function reachOf(db: Db, orgId: string, userId: string, now: Date): Promise<Reach> {
  const found = await prepared(
    db,
    sql<{ ruleIds: string[]; nodeIds: string[]; few: boolean }>`
    with mine as materialized (${myRules(orgId, userId, now)}),
    named as materialized (select distinct gn.node_id from mine cross join lateral
      (select node_id from grant_node where org_id = ${orgId} and grant_id = mine.id offset 0) gn),
    top as materialized (select node_id from named where not exists (select 1 from node_closure c
      where c.org_id = ${orgId} and c.descendant_id = named.node_id and c.depth > 0
        and (c.ancestor_id in (select node_id from named)) is true offset 0))
    select array(select id from mine) as "ruleIds", array(select node_id from top) as "nodeIds",
      (select count(*) from (select 1 from ${placementsBelow(orgId, sql`array(select node_id from top)`)} limit ${FEW + 1}) p)
      + (select count(*) from (select 1 from mine cross join lateral
          (select 1 from grant_asset where org_id = ${orgId} and grant_id = mine.id offset 0) a limit ${FEW + 1}) a) <= ${FEW} as few`,
  );
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
  const query = pageFrom(reach, filter, source, conditions);
  const found = await sql<{ id: string; sort_name: string }>`${query}`.execute(db);
  const shown = found.rows.slice(0, limit);
  const last = found.rows.length > limit ? shown.at(-1) : undefined;
  const next = last ? encodeCursor({ ...ORDER, key: last.sort_name, id: last.id }) : null;
  return { ids: shown.map(({ id }) => id), next };
}

function pageFrom(reach: Reach, { nodeId, limit, ...filter }: ReachFilter, source: Source, on: RawBuilder<unknown>) {
  if (source === "walk") return walkAll(reach, on, limit + 1);
  if (source === "below") return walk(reach.orgId, sql`array[${nodeId}::uuid]`, on, limit + 1);
  return pick(picks(reach, { ...filter, nodeId, limit }, source), on, limit + 1);
}

function read(text: string): { key: string; id: string } {
  const cursor = decodeCursor(text, ORDER);
  if (Id.safeParse(cursor.id).success) return cursor;
  throw new Fault("invalid", "The page cursor is not valid for this list. Start again from the first page.");
}

/** Where the candidates of a page come from: whatever is few, and otherwise the names in their order. */
type Source = "called" | "favourites" | "reach" | "text" | "node" | "below" | "walk";

async function sourceOf(db: Db, reach: Reach, { called, favourites, search, nodeId }: ReachFilter): Promise<Source> {
  if (called) return "called";
  if (favourites) return "favourites";
  if (reach.few) return "reach";
  if (nodeId && (await isFew(db, sql`select 1 from ${placementsBelow(reach.orgId, sql`array[${nodeId}::uuid]`)}`)))
    return "node";
  if (search && !isShort(search) && (await isFew(db, assetsWithText(reach.orgId, search)))) return "text";
  return nodeId ? "below" : "walk";
}

async function isFew(db: Db, rows: RawBuilder<unknown>): Promise<boolean> {
  const counted = await sql<{ few: boolean }>`
    select count(*) <= ${FEW} as few from (${rows} limit ${FEW + 1}) x`.execute(db);
  return counted.rows[0]!.few;
}

/** The index of trigrams knows nothing of such texts: they are looked for in names alone, which are at hand. */
const isShort = (search: string): boolean => search.length < 3;

const withText = (search: string) => sql`search_text like lower(${containing(search)})`;

const assetsWithText = (orgId: string, search: string) =>
  sql`select id as asset_id, sort_name from asset where org_id = ${orgId} and active and ${withText(search)}`;

/** SQL: the candidates as (asset_id, sort_name); active ones only. */
function picks(reach: Reach, { called, search, nodeId }: ReachFilter, source: Exclude<Source, "below" | "walk">) {
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
export const granted = ({ orgId, ruleIds }: Reach) => sql`
  select ga.asset_id, a.sort_name from grant_asset ga
  cross join lateral (select sort_name from asset where org_id = ${orgId} and id = ga.asset_id and active offset 0) a
  where ga.org_id = ${orgId} and ga.grant_id = any(${ruleIds}::uuid[])`;

/** SQL: the node `of` names lies in one of these or below; `is true` makes them a hash. */
export const isIn = (of: string, orgId: string, nodeIds: RawBuilder<unknown>) =>
  sql`(${sql.ref(of)} in (${nodesBelow(orgId, nodeIds)})) is true`;

/** SQL: what is asked of a candidate x beyond where it comes from. */
function conditionsOn(
  { orgId, userId, ruleIds, nodeIds }: Reach,
  { search, nodeId }: ReachFilter,
  source: Source,
  from: { key: string; id: string } | null,
): RawBuilder<unknown> {
  const placed = (ids: RawBuilder<unknown>) => sql`exists (select 1 from asset_node p
    where p.org_id = ${orgId} and p.asset_id = x.asset_id and ${isIn("p.node_id", orgId, ids)} offset 0)`;
  const asked = [sql`true`];
  if (from) asked.push(sql`(x.sort_name, x.asset_id) > (${from.key}, ${from.id}::uuid)`);
  if (source !== "walk" && source !== "reach")
    asked.push(sql`(${placed(sql`${nodeIds}::uuid[]`)} or exists (select 1 from grant_asset ga where ga.org_id = ${orgId}
      and ga.asset_id = x.asset_id and ga.grant_id = any(${ruleIds}::uuid[]) offset 0))`);
  if (nodeId && source !== "node" && source !== "below") asked.push(placed(sql`array[${nodeId}::uuid]`));
  if (search && source !== "text") {
    const said = isShort(search)
      ? sql`x.sort_name like lower(${containing(search)})`
      : sql`exists (select 1 from asset where org_id = ${orgId} and id = x.asset_id and ${withText(search)} offset 0)`;
    asked.push(sql`(${said} or (x.asset_id in (select m.asset_id from asset_mark m
      where m.org_id = ${orgId} and m.user_id = ${userId} and ${ownNameWith(search)})) is true)`);
  }
  return sql.join(asked, sql` and `);
}

const pick = (from: RawBuilder<unknown>, conditions: RawBuilder<unknown>, limit: number) => sql`
  select distinct x.sort_name, x.asset_id as id from (${from}) x where ${conditions} order by x.sort_name, id limit ${limit}`;

/** SQL: placements in these nodes and below, in the order of names as an index holds them, until the page is full. */
const walk = (orgId: string, nodeIds: RawBuilder<unknown>, conditions: RawBuilder<unknown>, limit: number) => sql`
  select distinct x.sort_name, x.asset_id as id from asset_node x
  where x.org_id = ${orgId} and x.active and ${isIn("x.node_id", orgId, nodeIds)} and ${conditions}
  order by x.sort_name, id limit ${limit}`;

const walkAll = (reach: Reach, conditions: RawBuilder<unknown>, limit: number) => sql`
  select sort_name, id from (
    (${walk(reach.orgId, sql`${reach.nodeIds}::uuid[]`, conditions, limit)})
    union (${pick(granted(reach), conditions, limit)})) found
  order by sort_name, id limit ${limit}`;
