import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import { AtEnd, type Grant } from "./schema.ts";

/** How many names of each side a rule is shown with. */
export const NAMES_SHOWN = 1000;
const DAY_MS = 86_400_000;

const named = (table: "grant_user" | "grant_group" | "grant_asset" | "grant_node", key: string, of: string) => sql<
  { id: string; name: string }[]
>`
  coalesce((select json_agg(json_build_object('id', t.id, 'name', t.name) order by t.sort_name)
    from (select t.id, t.name, t.sort_name from ${sql.table(table)} x join ${sql.table(of)} t on t.id = x.${sql.ref(key)}
      where x.org_id = g.org_id and x.grant_id = g.id order by t.sort_name limit ${NAMES_SHOWN}) t), '[]'::json)`;

const grants = (db: Db, orgId: string) =>
  db
    .selectFrom("access_grant as g")
    .where("g.org_id", "=", orgId)
    .selectAll("g")
    .select([
      named("grant_user", "user_id", "users").as("users"),
      named("grant_group", "group_id", "user_group").as("groups"),
      named("grant_asset", "asset_id", "asset").as("assets"),
      named("grant_node", "node_id", "node").as("nodes"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof grants>["executeTakeFirstOrThrow"]>>;

function toGrant(row: Row, now: Date): Grant {
  const grant = {
    id: row.id,
    name: row.name,
    comment: row.comment,
    users: row.users,
    groups: row.groups,
    assets: row.assets,
    nodes: row.nodes,
    accounts: {
      all: row.all_accounts,
      names: row.account_names,
      excluded: row.excluded_names,
      manual: row.virtual_accounts.includes("manual"),
      sameName: row.virtual_accounts.includes("same_name"),
      anonymous: row.virtual_accounts.includes("anonymous"),
    },
    protocols: { all: row.all_protocols, kinds: row.protocols },
    actions: row.actions as Grant["actions"],
    forwardTo: row.forward_to,
    active: row.active,
    startsAt: row.starts_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    ticketId: row.ticket_id,
    atEnd: AtEnd.parse({ what: row.at_end, minutes: row.warn_minutes }),
    version: row.version,
    createdAt: row.created_at.toISOString(),
  };
  return { ...grant, ineffective: whyIneffective(grant, now) };
}

function whyIneffective(grant: Omit<Grant, "ineffective">, now: Date): Grant["ineffective"] {
  const { accounts, protocols } = grant;
  const someAccounts =
    accounts.all ||
    accounts.manual ||
    accounts.sameName ||
    accounts.anonymous ||
    accounts.names.length + accounts.excluded.length > 0;
  const reasons: [boolean, Grant["ineffective"][number]][] = [
    [grant.users.length + grant.groups.length === 0, "no-people"],
    [grant.assets.length + grant.nodes.length === 0, "no-assets"],
    [!someAccounts, "no-accounts"],
    [!protocols.all && protocols.kinds.length === 0, "no-protocols"],
    [grant.actions.length === 0, "no-actions"],
    [!grant.active, "inactive"],
    [new Date(grant.startsAt) > now, "not-yet"],
    [grant.expiresAt !== null && new Date(grant.expiresAt) <= now, "expired"],
  ];
  return reasons.filter(([holds]) => holds).map(([, reason]) => reason);
}

export async function findGrant(db: Db, orgId: string, id: string, now: Date): Promise<Grant | null> {
  const row = await grants(db, orgId).where("g.id", "=", id).executeTakeFirst();
  return row ? toGrant(row, now) : null;
}

/** The rules of these names, each with the name it was asked by. */
export async function grantsByName(db: Db, orgId: string, names: readonly string[], now: Date) {
  if (names.length === 0) return [];
  const asked = sql<{ name: string }>`(select unnest(${names}::text[]) as name)`.as("asked");
  const rows = await grants(db, orgId)
    .innerJoin(asked, (join) => join.on(sql<boolean>`g.sort_name = lower(asked.name)`))
    .select("asked.name as asked")
    .execute();
  return rows.map((row) => ({ asked: row.asked, grant: toGrant(row, now) }));
}

export interface GrantFilter {
  search?: string | undefined;
  userId?: string | undefined;
  groupId?: string | undefined;
  assetId?: string | undefined;
  nodeId?: string | undefined;
  /** Those in force now or later that end within so many days, the next one first. */
  expiringDays?: number | undefined;
  limit: number;
  cursor?: string | undefined;
}

export async function listGrants(db: Db, orgId: string, filter: GrantFilter, now: Date) {
  let query = grants(db, orgId);
  if (filter.search) query = query.where("g.name", "ilike", containing(filter.search));
  const sides = [
    ["grant_user", "user_id", filter.userId],
    ["grant_group", "group_id", filter.groupId],
    ["grant_asset", "asset_id", filter.assetId],
    ["grant_node", "node_id", filter.nodeId],
  ] as const;
  for (const [table, key, id] of sides) {
    if (!id) continue;
    query = query.where(
      sql<boolean>`exists (select 1 from ${sql.table(table)} x where x.org_id = g.org_id and x.grant_id = g.id and x.${sql.ref(key)} = ${id})`,
    );
  }
  const { expiringDays, limit, cursor } = filter;
  if (expiringDays)
    query = query.where(
      sql<boolean>`g.active and g.expires_at > ${now} and g.expires_at <= ${new Date(now.getTime() + expiringDays * DAY_MS)}`,
    );
  const found = await page(query, { by: expiringDays ? "g.expires_at" : "g.sort_name", id: "g.id", limit, cursor });
  return { items: found.items.map((row) => toGrant(row, now)), next: found.next };
}

const SIDES = {
  userIds: ["grant_user", "user_id"],
  groupIds: ["grant_group", "group_id"],
  assetIds: ["grant_asset", "asset_id"],
  nodeIds: ["grant_node", "node_id"],
} as const;

export type Side = keyof typeof SIDES;

/** Makes one side of a rule hold exactly these ids; what stays is not touched. */
export async function replaceSide(
  db: Db,
  orgId: string,
  grantId: string,
  side: Side,
  ids: readonly string[],
): Promise<void> {
  const [table, key] = SIDES[side];
  const wanted = [...new Set(ids)];
  await sql`delete from ${sql.table(table)} where org_id = ${orgId} and grant_id = ${grantId} and ${sql.ref(key)} <> all(${wanted}::uuid[])`.execute(
    db,
  );
  await sql`insert into ${sql.table(table)} (org_id, grant_id, ${sql.ref(key)})
    select ${orgId}::uuid, ${grantId}::uuid, id from unnest(${wanted}::uuid[]) as id on conflict do nothing`.execute(
    db,
  );
}
