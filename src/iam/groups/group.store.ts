import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { Group } from "../schema.ts";

const groups = (db: Db, orgId: string) =>
  db
    .selectFrom("user_group")
    .where("user_group.org_id", "=", orgId)
    .select([
      "user_group.id",
      "user_group.name",
      "user_group.comment",
      "user_group.version",
      "user_group.created_at as createdAt",
      sql<number>`(select count(*) from group_member m where m.org_id = user_group.org_id and m.group_id = user_group.id)`.as(
        "members",
      ),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof groups>["executeTakeFirstOrThrow"]>>;

const toGroup = (row: Row): Group => ({ ...row, members: Number(row.members), createdAt: row.createdAt.toISOString() });

export async function findGroup(db: Db, orgId: string, id: string): Promise<Group | null> {
  const row = await groups(db, orgId).where("user_group.id", "=", id).executeTakeFirst();
  return row ? toGroup(row) : null;
}

export async function listGroups(
  db: Db,
  orgId: string,
  filter: { search?: string | undefined; userId?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = groups(db, orgId);
  if (filter.search) query = query.where("user_group.name", "ilike", containing(filter.search));
  if (filter.userId) {
    query = query.where((row) =>
      row.exists(
        row
          .selectFrom("group_member as m")
          .select("m.user_id")
          .where("m.org_id", "=", orgId)
          .where("m.user_id", "=", filter.userId!)
          .whereRef("m.group_id", "=", "user_group.id"),
      ),
    );
  }
  const found = await page(query, {
    by: "user_group.sort_name",
    id: "user_group.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  return { items: found.items.map((row) => toGroup(row)), next: found.next };
}

/** Adds those who are members of the organization; returns how many were not. */
export async function addMembers(db: Db, orgId: string, groupId: string, userIds: readonly string[]): Promise<number> {
  const known = await db
    .selectFrom("membership")
    .select("user_id")
    .where("org_id", "=", orgId)
    .where("user_id", "in", [...userIds])
    .execute();
  if (known.length > 0) {
    await db
      .insertInto("group_member")
      .values(known.map(({ user_id }) => ({ org_id: orgId, group_id: groupId, user_id })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return new Set(userIds).size - known.length;
}
