import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { BackendMapping } from "./schema.ts";

/** A group or a role of an organization. */
export interface Given {
  readonly orgId: string;
  readonly groupId: string | null;
  readonly roleId: string | null;
}

const mappings = (db: Db, backendId: string) =>
  db
    .selectFrom("backend_mapping as m")
    .innerJoin("organization as o", "o.id", "m.org_id")
    .leftJoin("user_group as g", (on) => on.onRef("g.org_id", "=", "m.org_id").onRef("g.id", "=", "m.group_id"))
    .leftJoin("role as r", "r.id", "m.role_id")
    .where("m.backend_id", "=", backendId)
    .select([
      "m.id",
      "m.outside_group as outsideGroup",
      "m.org_id as orgId",
      "o.name as orgName",
      "m.group_id as groupId",
      "g.name as groupName",
      "m.role_id as roleId",
      "r.name as roleName",
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof mappings>["executeTakeFirstOrThrow"]>>;

const toMapping = (row: Row): BackendMapping => ({
  id: row.id,
  outsideGroup: row.outsideGroup,
  organization: { id: row.orgId, name: row.orgName },
  group: row.groupId ? { id: row.groupId, name: row.groupName ?? "" } : null,
  role: row.roleId ? { id: row.roleId, name: row.roleName ?? "" } : null,
});

export async function findMapping(db: Db, backendId: string, id: string): Promise<BackendMapping | null> {
  const row = await mappings(db, backendId).where("m.id", "=", id).executeTakeFirst();
  return row ? toMapping(row) : null;
}

export async function listMappings(
  db: Db,
  backendId: string,
  filter: { search?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = mappings(db, backendId);
  if (filter.search) query = query.where("m.outside_group", "ilike", containing(filter.search));
  const found = await page(query, { by: "m.outside_group", id: "m.id", limit: filter.limit, cursor: filter.cursor });
  return { items: found.items.map((row) => toMapping(row)), next: found.next };
}

/** What the backend's mappings give to somebody in these outside groups; upper and lower case count as one. */
export async function givenBy(db: Db, backendId: string, groups: readonly string[]): Promise<Given[]> {
  if (groups.length === 0) return [];
  return db
    .selectFrom("backend_mapping")
    .select(["org_id as orgId", "group_id as groupId", "role_id as roleId"])
    .distinct()
    .where("backend_id", "=", backendId)
    .where(sql<boolean>`lower(outside_group) = any(${groups.map((group) => group.toLowerCase())}::text[])`)
    .execute();
}

/** What the backend's mappings gave to the user. */
export const gaveTo = (db: Db, backendId: string, userId: string): Promise<Given[]> =>
  db
    .selectFrom("mapped_member")
    .select(["org_id as orgId", "group_id as groupId", "role_id as roleId"])
    .where("backend_id", "=", backendId)
    .where("user_id", "=", userId)
    .execute();

/** Gives it, and notes so unless the user holds it by somebody's hand. */
export async function give(
  db: Db,
  backendId: string,
  userId: string,
  { orgId, groupId, roleId }: Given,
): Promise<void> {
  await db
    .insertInto("membership")
    .values({ org_id: orgId, user_id: userId, by_mapping: true })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const insert = groupId
    ? db.insertInto("group_member").values({ org_id: orgId, group_id: groupId, user_id: userId })
    : db.insertInto("role_binding").values({ org_id: orgId, user_id: userId, role_id: roleId! });
  const made = await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
  const byHand = made.numInsertedOrUpdatedRows !== 1n && !(await isNoted(db, userId, { orgId, groupId, roleId }));
  if (byHand) return;
  await db
    .insertInto("mapped_member")
    .values({ backend_id: backendId, user_id: userId, org_id: orgId, group_id: groupId, role_id: roleId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Takes it back, unless another backend's mapping gives it as well. */
export async function takeBack(
  db: Db,
  backendId: string,
  userId: string,
  { orgId, groupId, roleId }: Given,
): Promise<void> {
  await db
    .deleteFrom("mapped_member")
    .where("backend_id", "=", backendId)
    .where("user_id", "=", userId)
    .where("org_id", "=", orgId)
    .where("group_id", "is not distinct from", groupId)
    .where("role_id", "is not distinct from", roleId)
    .execute();
  if (await isNoted(db, userId, { orgId, groupId, roleId })) return;
  if (groupId) {
    await db
      .deleteFrom("group_member")
      .where("org_id", "=", orgId)
      .where("group_id", "=", groupId)
      .where("user_id", "=", userId)
      .execute();
  } else if (roleId) {
    await db
      .deleteFrom("role_binding")
      .where("org_id", "=", orgId)
      .where("role_id", "=", roleId)
      .where("user_id", "=", userId)
      .execute();
  }
  await endMembership(db, userId, orgId);
}

/** Ends a membership that a mapping made, once nothing is left there that names the user; never the only one. */
async function endMembership(db: Db, userId: string, orgId: string): Promise<void> {
  await sql`
    delete from membership m where user_id = ${userId} and org_id = ${orgId} and by_mapping
      and exists (select from membership other where other.user_id = m.user_id and other.org_id <> m.org_id)
      and not exists (select from mapped_member g where g.user_id = m.user_id and g.org_id = m.org_id)
      and not exists (select from group_member g where g.user_id = m.user_id and g.org_id = m.org_id)
      and not exists (select from role_binding b where b.user_id = m.user_id and b.org_id = m.org_id)
      and not exists (select from grant_user g where g.user_id = m.user_id and g.org_id = m.org_id)
      and not exists (select from request_rule_side q where q.user_id = m.user_id and q.org_id = m.org_id)
      and not exists (select from api_key k where k.user_id = m.user_id and k.org_id = m.org_id)`.execute(db);
}

async function isNoted(db: Db, userId: string, { orgId, groupId, roleId }: Given): Promise<boolean> {
  const noted = await db
    .selectFrom("mapped_member")
    .select("user_id")
    .where("user_id", "=", userId)
    .where("org_id", "=", orgId)
    .where("group_id", "is not distinct from", groupId)
    .where("role_id", "is not distinct from", roleId)
    .executeTakeFirst();
  return noted !== undefined;
}
