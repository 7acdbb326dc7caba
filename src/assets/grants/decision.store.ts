import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import type { Rule } from "./evaluate.ts";

/** One question about a person and an account of an asset. */
export interface Subject {
  readonly orgId: string;
  readonly userId: string;
  readonly assetId: string;
  readonly accountId: string;
}

/** What is true of a subject: names, the asset's protocols, and the rules that join person and asset. */
export interface Facts {
  readonly loginName: string;
  readonly accountName: string;
  readonly protocols: readonly string[];
  readonly rules: readonly Rule[];
}

/** SQL: rules of a user by name or by group, as (grant_id). */
const rulesOfUser = sql`
  select gu.grant_id from grant_user gu where gu.org_id = s.org_id and gu.user_id = s.user_id
  union
  select gg.grant_id from group_member gm join grant_group gg on gg.org_id = gm.org_id and gg.group_id = gm.group_id
  where gm.org_id = s.org_id and gm.user_id = s.user_id`;

/** SQL: rules of an asset by name or by a node above it, as (grant_id). */
const rulesOfAsset = sql`
  select ga.grant_id from grant_asset ga where ga.org_id = s.org_id and ga.asset_id = s.asset_id
  union
  select gn.grant_id from asset_node an
  join node_closure c on c.org_id = an.org_id and c.descendant_id = an.node_id
  join grant_node gn on gn.org_id = c.org_id and gn.node_id = c.ancestor_id
  where an.org_id = s.org_id and an.asset_id = s.asset_id`;

/** SQL: a rule as the JSON that `Rule` describes. */
export const asRule = sql`json_build_object('id', g.id, 'name', g.name, 'active', g.active,
  'startsAt', (extract(epoch from g.starts_at) * 1000)::bigint, 'expiresAt', (extract(epoch from g.expires_at) * 1000)::bigint,
  'allAccounts', g.all_accounts, 'accountNames', g.account_names, 'excludedNames', g.excluded_names,
  'virtualAccounts', g.virtual_accounts, 'allProtocols', g.all_protocols, 'protocols', g.protocols, 'actions', g.actions,
  'forwardTo', g.forward_to, 'atEnd', g.at_end, 'warnMinutes', g.warn_minutes)`;

/**
 * The facts for each subject, in the same order; null where person, membership, asset or account is missing or not
 * active. One query, however many subjects.
 */
export async function factsOf(db: Db, subjects: readonly Subject[], now: Date): Promise<(Facts | null)[]> {
  if (subjects.length === 0) return [];
  const column = (key: keyof Subject) => subjects.map((subject) => subject[key]);
  const found = await sql<Facts & { place: number }>`
    select s.place::int, u.login_name as "loginName", account.name as "accountName",
      array(select p.kind from asset_protocol p where p.org_id = s.org_id and p.asset_id = s.asset_id) as protocols,
      coalesce((select json_agg(${asRule}) from access_grant g
        where g.org_id = s.org_id and g.active and (g.expires_at is null or g.expires_at > ${now})
          and g.id in (${rulesOfUser}) and g.id in (${rulesOfAsset})), '[]'::json) as rules
    from unnest(${column("orgId")}::uuid[], ${column("userId")}::uuid[], ${column("assetId")}::uuid[], ${column("accountId")}::uuid[])
      with ordinality as s (org_id, user_id, asset_id, account_id, place)
    join membership m on m.org_id = s.org_id and m.user_id = s.user_id
    join users u on u.id = s.user_id and u.active
    join asset on asset.org_id = s.org_id and asset.id = s.asset_id and asset.active
    join account on account.org_id = s.org_id and account.id = s.account_id and account.asset_id = s.asset_id and account.active
  `.execute(db);
  const byPlace = new Map(found.rows.map((row) => [row.place, row]));
  return subjects.map((_, index) => byPlace.get(index + 1) ?? null);
}

/** SQL: ids of the rules in force that name the person or one of the person's groups. */
const myRules = (orgId: string, userId: string, now: Date) => sql`
  select g.id from access_grant g
  where g.org_id = ${orgId} and g.active and g.starts_at <= ${now} and (g.expires_at is null or g.expires_at > ${now})
    and (g.all_accounts or g.account_names <> '{}' or g.virtual_accounts <> '{}')
    and (g.all_protocols or g.protocols <> '{}') and g.actions <> '{}'
    and g.id in (
      select grant_id from grant_user where org_id = ${orgId} and user_id = ${userId}
      union
      select gg.grant_id from group_member gm join grant_group gg on gg.org_id = gm.org_id and gg.group_id = gm.group_id
      where gm.org_id = ${orgId} and gm.user_id = ${userId})`;

/** SQL: ids of the assets that any rule in force joins to the person; a select to be used as a subquery. */
export const reachableAssets = (orgId: string, userId: string, now: Date) => sql`
  select ga.asset_id from grant_asset ga where ga.org_id = ${orgId} and ga.grant_id in (${myRules(orgId, userId, now)})
  union
  select an.asset_id from grant_node gn
  join node_closure c on c.org_id = gn.org_id and c.ancestor_id = gn.node_id
  join asset_node an on an.org_id = c.org_id and an.node_id = c.descendant_id
  where gn.org_id = ${orgId} and gn.grant_id in (${myRules(orgId, userId, now)})`;
