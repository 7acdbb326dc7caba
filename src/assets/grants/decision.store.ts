import { type RawBuilder, sql } from "kysely";
import { type Db, prepared } from "../../db/index.ts";
import type { Rule } from "./evaluate.ts";

/** One question about a person and an account of an asset. */
export interface Subject {
  readonly orgId: string;
  readonly userId: string;
  readonly assetId: string;
  readonly accountId: string;
}

/** Without an account: about a virtual one. */
type AnySubject = Omit<Subject, "accountId"> & { readonly accountId: string | null };

/** What is true of a subject: names, the asset's protocols, and the rules that join person and asset. */
export interface Facts {
  readonly loginName: string;
  /** Empty without an account. */
  readonly accountName: string;
  /** Whether the asset stores an active account with the person's own login name. */
  readonly storesOwn: boolean;
  readonly protocols: readonly string[];
  readonly rules: readonly Rule[];
}

/** SQL: rules of a user by name or by group, as (grant_id); `of` is one row (org_id, user_id). `offset 0` keeps to the index. */
const rulesOfUser = (of: RawBuilder<unknown>) => sql`
  select gu.grant_id from (${of}) s join grant_user gu on gu.org_id = s.org_id and gu.user_id = s.user_id
  union
  select gg.grant_id from (${of}) s join group_member gm on gm.org_id = s.org_id and gm.user_id = s.user_id
  cross join lateral (select grant_id from grant_group where org_id = gm.org_id and group_id = gm.group_id offset 0) gg`;

/** SQL: rules of an asset by name or by a node above it, as (grant_id); `of` gives one row (org_id, asset_id). */
export const rulesOfAsset = (of: RawBuilder<unknown>) => sql`
  select ga.grant_id from (${of}) s join grant_asset ga on ga.org_id = s.org_id and ga.asset_id = s.asset_id
  union
  select gn.grant_id from (${of}) s join asset_node an on an.org_id = s.org_id and an.asset_id = s.asset_id
  join node_closure c on c.org_id = an.org_id and c.descendant_id = an.node_id
  join grant_node gn on gn.org_id = c.org_id and gn.node_id = c.ancestor_id`;

/** SQL: a rule as the JSON that `Rule` describes. */
export const asRule = sql`json_build_object('id', g.id, 'name', g.name, 'active', g.active,
  'startsAt', (extract(epoch from g.starts_at) * 1000)::bigint, 'expiresAt', (extract(epoch from g.expires_at) * 1000)::bigint,
  'allAccounts', g.all_accounts, 'accountNames', g.account_names, 'excludedNames', g.excluded_names,
  'virtualAccounts', g.virtual_accounts, 'allProtocols', g.all_protocols, 'protocols', g.protocols, 'actions', g.actions,
  'forwardTo', g.forward_to, 'atEnd', g.at_end, 'warnMinutes', g.warn_minutes)`;

/**
 * The facts for each subject, in the same order; null where person, membership, asset or account is missing or not
 * active. Two queries, however many subjects: each person, asset and rule is looked up once.
 */
export async function factsOf(db: Db, subjects: readonly AnySubject[], now: Date): Promise<(Facts | null)[]> {
  if (subjects.length === 0) return [];
  const column = (key: keyof Subject) => subjects.map((subject) => subject[key]);
  const found = await prepared(
    db,
    sql<Omit<Facts, "rules"> & { place: number | null; pair: string | null; ruleIds: string[] }>`
    with s as materialized (
      select * from unnest(${column("orgId")}::uuid[], ${column("userId")}::uuid[], ${column("assetId")}::uuid[], ${column("accountId")}::uuid[])
        with ordinality as s (org_id, user_id, asset_id, account_id, place)),
    theirs as materialized (select who.*, r.grant_id from (select distinct org_id, user_id from s) who
      cross join lateral (${rulesOfUser(sql`select who.org_id, who.user_id`)}) r),
    over as materialized (select what.*, r.grant_id from (select distinct org_id, asset_id from s) what
      cross join lateral (${rulesOfAsset(sql`select what.org_id, what.asset_id`)}) r),
    joined as materialized (select p.org_id, p.user_id, p.asset_id, array_agg(grant_id order by grant_id) as rule_ids
      from (select distinct org_id, user_id, asset_id from s) p join over using (org_id, asset_id)
      join theirs using (org_id, user_id, grant_id) group by 1, 2, 3)
    select s.place::int as place, null as pair, u.login_name as "loginName", coalesce(account.name, '') as "accountName",
      s.account_id is null and exists (select 1 from account o where o.org_id = s.org_id and o.asset_id = s.asset_id
        and o.name = u.login_name and o.active) as "storesOwn",
      array(select p.kind from asset_protocol p where p.org_id = s.org_id and p.asset_id = s.asset_id) as protocols,
      '{}'::uuid[] as "ruleIds"
    from s
    join membership m on m.org_id = s.org_id and m.user_id = s.user_id
    join users u on u.id = s.user_id and u.active
    join asset on asset.org_id = s.org_id and asset.id = s.asset_id and asset.active
    left join account on account.org_id = s.org_id and account.id = s.account_id and account.asset_id = s.asset_id and account.active
    where s.account_id is null or account.id is not null
    union all select null, concat_ws('/', org_id, user_id, asset_id), '', '', false, '{}', rule_ids from joined`,
  );
  const joined = new Map(found.rows.map(({ pair, ruleIds }) => [pair, ruleIds]));
  const rules = await rulesById(db, [...new Set([...joined.values()].flat())], now);
  const byPlace = new Map(found.rows.map((row) => [row.place, row]));
  return subjects.map(({ orgId, userId, assetId }, index) => {
    const row = byPlace.get(index + 1);
    const ids = joined.get(`${orgId}/${userId}/${assetId}`) ?? [];
    return row ? { ...row, rules: ids.flatMap((id) => rules.get(id) ?? []) } : null;
  });
}

async function rulesById(db: Db, ids: readonly string[], now: Date): Promise<ReadonlyMap<string, Rule>> {
  if (ids.length === 0) return new Map();
  const found = await prepared(
    db,
    sql<{ rule: Rule }>`select ${asRule} as rule from access_grant g
      where g.id = any(${ids}::uuid[]) and g.active and (g.expires_at is null or g.expires_at > ${now})`,
  );
  return new Map(found.rows.map(({ rule }) => [rule.id, rule]));
}

/** SQL: the rule g is in force and gives something by itself. */
export const rulesInForce = (orgId: string, now: Date) => sql`
  g.org_id = ${orgId} and g.active and g.starts_at <= ${now} and (g.expires_at is null or g.expires_at > ${now})
    and (g.all_accounts or g.account_names <> '{}' or g.virtual_accounts <> '{}')
    and (g.all_protocols or g.protocols <> '{}') and g.actions <> '{}'`;

/** SQL: ids of the rules in force that name the person or one of the person's groups. */
export const myRules = (orgId: string, userId: string, now: Date) => sql`
  select g.id from (${rulesOfUser(sql`select ${orgId}::uuid as org_id, ${userId}::uuid as user_id`)}) r
  cross join lateral (select g.id from access_grant g where g.id = r.grant_id and ${rulesInForce(orgId, now)} offset 0) g`;
