import { sql } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import { containing, type Db, page } from "../../db/index.ts";
import type { User } from "../schema.ts";

interface Filter {
  search?: string | undefined;
  active?: boolean | undefined;
  groupId?: string | undefined;
  roleId?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

const users = (db: Db, orgId: string) =>
  db
    .selectFrom("membership")
    .innerJoin("users", "users.id", "membership.user_id")
    .where("membership.org_id", "=", orgId)
    .select((row) => [
      "users.id",
      "users.login_name as loginName",
      "users.name",
      "users.email",
      "users.comment",
      "users.active",
      "users.version",
      "users.created_at as createdAt",
      "users.last_sign_in_at as lastSignInAt",
      sql<boolean>`users.password_hash is not null`.as("hasPassword"),
      sql<
        string[]
      >`array(select role_id from role_binding b where b.org_id = membership.org_id and b.user_id = users.id order by role_id)`.as(
        "roles",
      ),
      jsonArrayFrom(
        row
          .selectFrom("group_member as gm")
          .innerJoin("user_group as g", (on) =>
            on.onRef("g.org_id", "=", "gm.org_id").onRef("g.id", "=", "gm.group_id"),
          )
          .whereRef("gm.org_id", "=", "membership.org_id")
          .whereRef("gm.user_id", "=", "users.id")
          .select(["g.id", "g.name"])
          .orderBy("g.sort_name")
          .limit(100),
      ).as("groups"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof users>["executeTakeFirstOrThrow"]>>;

const toUser = (row: Row): User => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  lastSignInAt: row.lastSignInAt?.toISOString() ?? null,
});

export async function findUser(db: Db, orgId: string, id: string): Promise<User | null> {
  const row = await users(db, orgId).where("users.id", "=", id).executeTakeFirst();
  return row ? toUser(row) : null;
}

export async function listUsers(db: Db, orgId: string, filter: Filter) {
  let query = users(db, orgId);
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) =>
      row.or([
        row("users.name", "ilike", pattern),
        row("users.login_name", "ilike", pattern),
        row("users.email", "ilike", pattern),
      ]),
    );
  }
  if (filter.active !== undefined) query = query.where("users.active", "=", filter.active);
  if (filter.groupId) {
    query = query.where((row) =>
      row.exists(
        row
          .selectFrom("group_member as m")
          .select("m.user_id")
          .where("m.org_id", "=", orgId)
          .where("m.group_id", "=", filter.groupId!)
          .whereRef("m.user_id", "=", "users.id"),
      ),
    );
  }
  if (filter.roleId) {
    query = query.where((row) =>
      row.exists(
        row
          .selectFrom("role_binding as rb")
          .select("rb.user_id")
          .where("rb.org_id", "=", orgId)
          .where("rb.role_id", "=", filter.roleId!)
          .whereRef("rb.user_id", "=", "users.id"),
      ),
    );
  }
  const found = await page(query, {
    by: "users.sort_name",
    id: "users.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  return { items: found.items.map((row) => toUser(row)), next: found.next };
}
