import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { RequestRule } from "./schema.ts";

const NAMED = 1000;

type Column = "user_id" | "group_id" | "asset_id" | "node_id";

const named = (side: string, column: Column, of: "users" | "user_group" | "asset" | "node") => sql<
  { id: string; name: string }[]
>`coalesce((select json_agg(json_build_object('id', t.id, 'name', t.name) order by t.sort_name)
    from (select t.id, t.name, t.sort_name from request_rule_side x join ${sql.table(of)} t on t.id = x.${sql.ref(column)}
      where x.org_id = r.org_id and x.rule_id = r.id and x.side = ${side} order by t.sort_name limit ${NAMED}) t), '[]'::json)`;

const rules = (db: Db, orgId: string) =>
  db
    .selectFrom("request_rule as r")
    .where("r.org_id", "=", orgId)
    .selectAll("r")
    .select([
      named("asker", "user_id", "users").as("askerUsers"),
      named("asker", "group_id", "user_group").as("askerGroups"),
      named("reviewer", "user_id", "users").as("reviewerUsers"),
      named("reviewer", "group_id", "user_group").as("reviewerGroups"),
      named("covered", "asset_id", "asset").as("assets"),
      named("covered", "node_id", "node").as("nodes"),
      sql<string>`lpad(r.priority::text, 4, '0') || ' ' || r.sort_name`.as("place"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof rules>["executeTakeFirstOrThrow"]>>;

function toRule(row: Row): RequestRule {
  const rule = {
    id: row.id,
    name: row.name,
    comment: row.comment,
    priority: row.priority,
    active: row.active,
    forEverybody: row.for_everybody,
    askerUsers: row.askerUsers,
    askerGroups: row.askerGroups,
    coversEverything: row.covers_everything,
    assets: row.assets,
    nodes: row.nodes,
    reviewerUsers: row.reviewerUsers,
    reviewerGroups: row.reviewerGroups,
    breakGlass: row.break_glass,
    longestMinutes: row.longest_minutes,
    version: row.version,
    createdAt: row.created_at.toISOString(),
  };
  const reasons: [boolean, RequestRule["ineffective"][number]][] = [
    [!rule.active, "inactive"],
    [!rule.forEverybody && rule.askerUsers.length + rule.askerGroups.length === 0, "no-askers"],
    [!rule.coversEverything && rule.assets.length + rule.nodes.length === 0, "no-assets"],
    [rule.reviewerUsers.length + rule.reviewerGroups.length === 0, "no-reviewers"],
  ];
  return { ...rule, ineffective: reasons.filter(([holds]) => holds).map(([, reason]) => reason) };
}

export async function findRule(db: Db, orgId: string, id: string): Promise<RequestRule | null> {
  const row = await rules(db, orgId).where("r.id", "=", id).executeTakeFirst();
  return row ? toRule(row) : null;
}

export async function listRules(
  db: Db,
  orgId: string,
  { search, limit, cursor }: { search?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = db.selectFrom(rules(db, orgId).as("o")).selectAll("o");
  if (search) query = query.where("o.name", "ilike", containing(search));
  const found = await page(query, { by: "o.place", id: "o.id", limit, cursor });
  return { items: found.items.map((row) => toRule(row)), next: found.next };
}

const SIDES = {
  askerUserIds: ["asker", "user_id"],
  askerGroupIds: ["asker", "group_id"],
  reviewerUserIds: ["reviewer", "user_id"],
  reviewerGroupIds: ["reviewer", "group_id"],
  assetIds: ["covered", "asset_id"],
  nodeIds: ["covered", "node_id"],
} as const;

export type Side = keyof typeof SIDES;
export const SIDE_NAMES = Object.keys(SIDES) as Side[];

/** Makes one side of a rule hold exactly these ids. */
export async function replaceRuleSide(
  db: Db,
  { orgId, ruleId, side, ids }: { orgId: string; ruleId: string; side: Side; ids: readonly string[] },
): Promise<void> {
  const [word, column] = SIDES[side];
  const wanted = [...new Set(ids)];
  await sql`delete from request_rule_side where org_id = ${orgId} and rule_id = ${ruleId} and side = ${word}
    and ${sql.ref(column)} is not null and ${sql.ref(column)} <> all (${wanted}::uuid[])`.execute(db);
  await sql`insert into request_rule_side (org_id, rule_id, side, ${sql.ref(column)})
    select ${orgId}::uuid, ${ruleId}::uuid, ${word}, id from unnest(${wanted}::uuid[]) as id on conflict do nothing`.execute(
    db,
  );
}
