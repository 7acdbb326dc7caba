import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import { asRule } from "./decision.store.ts";
import type { Rule } from "./evaluate.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Person and asset as a question about them needs them; null where one is not of the organization. */
export interface Ends {
  readonly person: Named & { readonly loginName: string; readonly active: boolean };
  readonly asset: Named & { readonly active: boolean; readonly protocols: readonly string[] };
  readonly accounts: readonly (Named & { readonly active: boolean })[];
}

const ACCOUNTS = 200;

export async function endsOf(
  db: Db,
  { orgId, userId, assetId }: { orgId: string; userId: string; assetId: string },
): Promise<Ends | null> {
  const { rows } = await sql<Ends>`
    select json_build_object('id', u.id, 'name', u.name, 'loginName', u.login_name, 'active', u.active) as person,
      json_build_object('id', a.id, 'name', a.name, 'active', a.active, 'protocols',
        array(select p.kind from asset_protocol p where p.org_id = a.org_id and p.asset_id = a.id order by p.kind)) as asset,
      coalesce((select json_agg(json_build_object('id', t.id, 'name', t.name, 'active', t.active) order by t.sort_name)
        from (select c.id, c.name, c.active, c.sort_name from account c where c.org_id = a.org_id and c.asset_id = a.id
          order by c.sort_name limit ${ACCOUNTS}) t), '[]'::json) as accounts
    from membership m join users u on u.id = m.user_id, asset a
    where m.org_id = ${orgId} and m.user_id = ${userId} and a.org_id = ${orgId} and a.id = ${assetId}`.execute(db);
  return rows[0] ?? null;
}

/** A rule that names the person or covers the asset, and through what: null where not, empty where by itself. */
export interface ConcernedRule {
  readonly rule: Rule;
  readonly throughGroups: readonly Named[] | null;
  readonly throughNodes: readonly Named[] | null;
}

const NAMED = 20;

/**
 * The rules that concern person or asset, those that join both first; at most `limit`. Also those that are switched off,
 * over, or not begun.
 */
export async function rulesConcerning(
  db: Db,
  { orgId, userId, assetId, limit }: { orgId: string; userId: string; assetId: string; limit: number },
): Promise<ConcernedRule[]> {
  const through = (table: "user_group" | "node", of: "of_person" | "of_asset") => sql`
    (select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name) order by t.name), '[]'::json)
      from (select t.id, t.name from ${sql.table(of)} x join ${sql.table(table)} t on t.org_id = ${orgId} and t.id = x.via
        where x.grant_id = g.id order by t.name limit ${NAMED}) t)`;
  const { rows } = await sql<ConcernedRule>`
    with of_person as (
      select grant_id, null::uuid as via from grant_user where org_id = ${orgId} and user_id = ${userId}
      union all
      select gg.grant_id, gg.group_id from group_member gm
      join grant_group gg on gg.org_id = gm.org_id and gg.group_id = gm.group_id
      where gm.org_id = ${orgId} and gm.user_id = ${userId}
    ), of_asset as (
      select grant_id, null::uuid as via from grant_asset where org_id = ${orgId} and asset_id = ${assetId}
      union all
      select gn.grant_id, gn.node_id from asset_node an
      join node_closure c on c.org_id = an.org_id and c.descendant_id = an.node_id
      join grant_node gn on gn.org_id = c.org_id and gn.node_id = c.ancestor_id
      where an.org_id = ${orgId} and an.asset_id = ${assetId}
    ), concerned as (
      select grant_id, bool_or(person) as person, bool_or(asset) as asset from (
        select grant_id, true as person, false as asset from of_person
        union all select grant_id, false, true from of_asset) e
      group by grant_id
    )
    select ${asRule} as rule,
      case when e.person then ${through("user_group", "of_person")} end as "throughGroups",
      case when e.asset then ${through("node", "of_asset")} end as "throughNodes"
    from concerned e join access_grant g on g.org_id = ${orgId} and g.id = e.grant_id
    order by (e.person and e.asset) desc, g.active desc, g.sort_name, g.id limit ${limit}`.execute(db);
  return rows;
}

/** How many active members and active assets the two sides of a rule come to. */
export async function countSides(
  db: Db,
  orgId: string,
  sides: {
    userIds: readonly string[];
    groupIds: readonly string[];
    assetIds: readonly string[];
    nodeIds: readonly string[];
  },
): Promise<{ people: number; assets: number }> {
  const { userIds, groupIds, assetIds, nodeIds } = sides;
  const { rows } = await sql<{ people: number; assets: number }>`
    select (select count(*)::int from membership m join users u on u.id = m.user_id and u.active
        where m.org_id = ${orgId} and m.user_id in (
          select unnest(${userIds}::uuid[])
          union select gm.user_id from group_member gm where gm.org_id = ${orgId} and gm.group_id = any (${groupIds}::uuid[]))
      ) as people,
      (select count(*)::int from asset a where a.org_id = ${orgId} and a.active and a.id in (
          select unnest(${assetIds}::uuid[])
          union select an.asset_id from node_closure c
          join asset_node an on an.org_id = c.org_id and an.node_id = c.descendant_id
          where c.org_id = ${orgId} and c.ancestor_id = any (${nodeIds}::uuid[]))
      ) as assets`.execute(db);
  return rows[0] ?? { people: 0, assets: 0 };
}
