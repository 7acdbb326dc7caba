import { type RawBuilder, sql } from "kysely";
import { Selector } from "../../core/index.ts";
import { containing, type Db, page } from "../../db/index.ts";
import type { AccessRule } from "./schema.ts";

/** The reviewers of a rule, each with whether they can decide: members by the table itself, active, not expired. */
const reviewers = sql<{ id: string; name: string; active: boolean }[]>`
  coalesce((select json_agg(json_build_object('id', u.id, 'name', u.name,
      'active', u.active and u.kind = 'person' and (u.expires_at is null or u.expires_at > now())) order by u.sort_name)
    from access_rule_reviewer v join users u on u.id = v.user_id
    where v.org_id = r.org_id and v.rule_id = r.id), '[]'::json)`;

const rules = (db: Db) =>
  db
    .selectFrom("access_rule as r")
    .selectAll("r")
    .select([reviewers.as("reviewers")]);

/** A rule as it is stored. */
export type RuleRow = Awaited<ReturnType<ReturnType<typeof rules>["executeTakeFirstOrThrow"]>>;

const notIn = (table: string, key: string, named: RawBuilder<unknown>) =>
  sql<boolean>`exists (select from named_by_selector(${named}) as n (id)
    where not exists (select from ${sql.table(table)} t where t.org_id = r.org_id and t.${sql.ref(key)} = n.id))`;

/** Whether the rule names what is not there any more. */
const namesGone = sql<boolean>`(${notIn("membership", "user_id", sql`r.users, null`)}
  or ${notIn("asset", "id", sql`r.assets, null`)}
  or ${notIn("user_group", "id", sql`r.users, 'groups'`)} or ${notIn("node", "id", sql`r.assets, 'nodes'`)})`;

const shownRules = (db: Db) => rules(db).select(namesGone.as("names_gone"));

/** A rule with what is only shown of it. */
export type ShownRow = Awaited<ReturnType<ReturnType<typeof shownRules>["executeTakeFirstOrThrow"]>>;

export const findRule = async (db: Db, orgId: string, id: string): Promise<ShownRow | null> =>
  (await shownRules(db).where("r.org_id", "=", orgId).where("r.id", "=", id).executeTakeFirst()) ?? null;

export interface RuleFilter {
  search?: string | undefined;
  kind?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export function listRules(db: Db, orgId: string, { search, kind, limit, cursor }: RuleFilter) {
  let query = shownRules(db).where("r.org_id", "=", orgId);
  if (kind) query = query.where("r.kind", "=", kind);
  if (search) query = query.where("r.name", "ilike", containing(search));
  // Names are unique in an organization, so they decide between equal priorities.
  return page(query, { by: "r.priority", id: "r.sort_name", limit, cursor });
}

/** All rules of these kinds in these organizations, in the order in which they are asked. */
export const rulesOf = (db: Db, orgIds: readonly string[], kinds: readonly string[]): Promise<RuleRow[]> =>
  rules(db)
    .where("r.org_id", "in", [...orgIds])
    .where("r.kind", "in", [...kinds])
    .orderBy("r.priority")
    .orderBy("r.sort_name")
    .execute();

/** How many rules of the kind there are; until the transaction ends nobody else can ask. */
export async function countRules(db: Db, orgId: string, kind: string): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`access-rule ${orgId} ${kind}`}, 0))`.execute(db);
  const { rows } = await sql<{ count: number }>`
    select count(*)::int from access_rule where org_id = ${orgId} and kind = ${kind}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Makes these the reviewers of the rule. */
export async function replaceReviewers(db: Db, orgId: string, ruleId: string, ids: readonly string[]): Promise<void> {
  const wanted = [...new Set(ids)];
  await sql`delete from access_rule_reviewer
    where org_id = ${orgId} and rule_id = ${ruleId} and user_id <> all(${wanted}::uuid[])`.execute(db);
  await sql`insert into access_rule_reviewer (org_id, rule_id, user_id)
    select ${orgId}::uuid, ${ruleId}::uuid, id from unnest(${wanted}::uuid[]) as id on conflict do nothing`.execute(db);
}

/** How many of these are not there in the organization. */
export async function missing(
  db: Db,
  orgId: string,
  what: "membership" | "asset" | "user_group" | "node",
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0;
  const key = what === "membership" ? "user_id" : "id";
  const { rows } = await sql<{ missing: number }>`
    select count(*)::int as missing from (select distinct lower(i) as id from unnest(${[...ids]}::text[]) as i) wanted
    where not exists (select from ${sql.table(what)} t where t.org_id = ${orgId} and t.${sql.ref(key)}::text = wanted.id)`.execute(
    db,
  );
  return rows[0]?.missing ?? 0;
}

/** What selectors look at, of a person and an account of an asset. */
export interface SubjectFacts {
  readonly user: Pick<Row, "loginName" | "userName" | "email" | "sources" | "groups" | "roles">;
  readonly asset: Pick<Row, "assetName" | "host" | "nodes" | "protocols">;
  readonly accountName: string;
}

interface Row {
  readonly place: number;
  readonly loginName: string;
  readonly userName: string;
  readonly email: string | null;
  readonly sources: string[];
  readonly groups: string[];
  readonly roles: string[];
  readonly assetName: string;
  readonly host: string;
  readonly nodes: string[];
  readonly protocols: string[];
  readonly accountName: string;
}

export interface RuleSubject {
  readonly orgId: string;
  readonly userId: string;
  readonly assetId: string;
  readonly accountId: string;
}

/** The facts for each subject in order; null where something of it is gone. One query, however many. */
export async function subjectFacts(db: Db, subjects: readonly RuleSubject[]): Promise<(SubjectFacts | null)[]> {
  if (subjects.length === 0) return [];
  const column = (key: keyof RuleSubject) => subjects.map((subject) => subject[key]);
  const found = await sql<Row>`
    select s.place::int, u.login_name as "loginName", u.name as "userName", u.email,
      array(select i.backend_id::text from identity i where i.user_id = u.id union select 'password' where u.password_hash is not null) as sources,
      array(select m.group_id::text from group_member m where m.org_id = s.org_id and m.user_id = u.id) as groups,
      array(select b.role_id from role_binding b where b.org_id = s.org_id and b.user_id = u.id
        union select b.role_id from system_role_binding b where b.user_id = u.id) as roles,
      asset.name as "assetName", asset.host,
      array(select distinct c.ancestor_id::text from asset_node an
        join node_closure c on c.org_id = an.org_id and c.descendant_id = an.node_id
        where an.org_id = s.org_id and an.asset_id = asset.id) as nodes,
      array(select p.kind from asset_protocol p where p.org_id = s.org_id and p.asset_id = asset.id) as protocols,
      account.name as "accountName"
    from unnest(${column("orgId")}::uuid[], ${column("userId")}::uuid[], ${column("assetId")}::uuid[], ${column("accountId")}::uuid[])
      with ordinality as s (org_id, user_id, asset_id, account_id, place)
    join users u on u.id = s.user_id
    join asset on asset.org_id = s.org_id and asset.id = s.asset_id
    join account on account.org_id = s.org_id and account.id = s.account_id and account.asset_id = s.asset_id`.execute(
    db,
  );
  const byPlace = new Map(found.rows.map((row) => [row.place, row]));
  return subjects.map((_, index) => {
    const row = byPlace.get(index + 1);
    return row ? { user: row, asset: row, accountName: row.accountName } : null;
  });
}

/** The rule as it is shown. */
export function toRule(row: ShownRow, readable: boolean): AccessRule {
  const { id, kind, name, comment, notice, active, priority, version } = row;
  const alone = row.action === "review" && !row.reviewers.some((reviewer) => reviewer.active);
  return {
    id,
    kind,
    name,
    comment,
    notice,
    active,
    priority,
    version,
    action: row.action as AccessRule["action"],
    users: Selector.safeParse(row.users).data ?? null,
    assets: Selector.safeParse(row.assets).data ?? null,
    accounts: row.accounts,
    settings: row.settings as AccessRule["settings"],
    reviewers: row.reviewers,
    problems: [
      ...(alone ? ["no-reviewers" as const] : []),
      ...(readable ? [] : ["unreadable" as const]),
      ...(row.names_gone ? ["names-gone" as const] : []),
    ],
    createdAt: row.created_at.toISOString(),
  };
}
