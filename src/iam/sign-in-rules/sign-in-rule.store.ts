import { type RawBuilder, sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import { Selector } from "../../core/index.ts";
import { createSignInRule, type SignInRule } from "./schema.ts";

const reviewers = sql<{ id: string; name: string; active: boolean }[]>`
  coalesce((select json_agg(json_build_object('id', u.id, 'name', u.name,
      'active', u.active and u.kind = 'person' and (u.expires_at is null or u.expires_at > now())) order by u.sort_name)
    from sign_in_rule_reviewer v join users u on u.id = v.user_id where v.rule_id = r.id), '[]'::json)`;

const rules = (db: Db) =>
  db
    .selectFrom("sign_in_rule as r")
    .selectAll("r")
    .select([reviewers.as("reviewers")]);

/** A rule as it is stored. */
export type RuleRow = Awaited<ReturnType<ReturnType<typeof rules>["executeTakeFirstOrThrow"]>>;

const notIn = (table: string, named: RawBuilder<unknown>) =>
  sql<boolean>`exists (select from named_by_selector(${named}) as n (id)
    where not exists (select from ${sql.table(table)} t where t.id = n.id))`;

/** Whether the rule names what is not there any more. */
const namesGone = sql<boolean>`(${notIn("users", sql`r.users, null`)} or ${notIn("user_group", sql`r.users, 'groups'`)}
  or ${notIn("organization", sql`r.users, 'organizations'`)})`;

const shownRules = (db: Db) => rules(db).select(namesGone.as("names_gone"));

/** A rule with what is only shown of it. */
export type ShownRow = Awaited<ReturnType<ReturnType<typeof shownRules>["executeTakeFirstOrThrow"]>>;

export const findRule = async (db: Db, id: string): Promise<ShownRow | null> =>
  (await shownRules(db).where("r.id", "=", id).executeTakeFirst()) ?? null;

export function listRules(
  db: Db,
  { search, limit, cursor }: { search?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = shownRules(db);
  if (search) query = query.where("r.name", "ilike", containing(search));
  return page(query, { by: "r.priority", id: "r.sort_name", limit, cursor });
}

/** All rules in the order in which they are asked. */
export const allRules = (db: Db): Promise<RuleRow[]> =>
  rules(db).orderBy("r.priority").orderBy("r.sort_name").execute();

/** Makes these the reviewers of the rule. Breaks `sign_in_rule_reviewer_user_id_fkey` for a user who is not there. */
export async function replaceReviewers(db: Db, ruleId: string, ids: readonly string[]): Promise<void> {
  const wanted = [...new Set(ids)];
  await sql`delete from sign_in_rule_reviewer where rule_id = ${ruleId} and user_id <> all(${wanted}::uuid[])`.execute(
    db,
  );
  await sql`insert into sign_in_rule_reviewer (rule_id, user_id)
    select ${ruleId}::uuid, id from unnest(${wanted}::uuid[]) as id on conflict do nothing`.execute(db);
}

/** What selectors look at. */
export interface PersonFacts {
  readonly id: string;
  readonly loginName: string;
  readonly name: string;
  readonly email: string | null;
  readonly kind: string;
  readonly sources: string[];
  readonly groups: string[];
  readonly roles: string[];
  readonly organizations: string[];
}

export async function personFacts(db: Db, userId: string): Promise<PersonFacts | null> {
  const { rows } = await sql<PersonFacts>`
    select u.id, u.login_name as "loginName", u.name, u.email, u.kind,
      array(select i.backend_id::text from identity i where i.user_id = u.id union select 'password' where u.password_hash is not null) as sources,
      array(select m.group_id::text from group_member m where m.user_id = u.id) as groups,
      array(select b.role_id from role_binding b where b.user_id = u.id
        union select b.role_id from system_role_binding b where b.user_id = u.id) as roles,
      array(select m.org_id::text from membership m where m.user_id = u.id) as organizations
    from users u where u.id = ${userId}`.execute(db);
  return rows[0] ?? null;
}

/** Whom and when a rule means; null: this version cannot read it, and nobody knows. */
export function readRule(row: Pick<RuleRow, "users" | "times">) {
  const { shape } = createSignInRule.input;
  const users = shape.users.safeParse(row.users);
  const times = shape.times.safeParse(row.times);
  return users.success && times.success ? { users: users.data, times: times.data } : null;
}

export function toRule(row: ShownRow): SignInRule {
  const { id, name, comment, notice, active, priority, addresses, reviewers: all, version } = row;
  const readable = readRule(row);
  const alone = row.action === "review" && !all.some((reviewer) => reviewer.active);
  return {
    id,
    name,
    comment,
    notice,
    active,
    priority,
    addresses,
    reviewers: all,
    version,
    action: row.action as SignInRule["action"],
    users: Selector.safeParse(row.users).data ?? null,
    times: readable?.times ?? null,
    problems: [
      ...(alone ? ["no-reviewers" as const] : []),
      ...(readable ? [] : ["unreadable" as const]),
      ...(row.names_gone ? ["names-gone" as const] : []),
    ],
    createdAt: row.created_at.toISOString(),
  };
}
