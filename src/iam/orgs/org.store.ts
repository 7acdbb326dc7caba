import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { Member, Organization } from "../schema.ts";

const organizations = (db: Db) =>
  db
    .selectFrom("organization")
    .select([
      "organization.id",
      "organization.name",
      "organization.comment",
      "organization.version",
      "organization.created_at as createdAt",
      sql<number>`(select count(*) from membership m where m.org_id = organization.id)`.as("members"),
      sql<number>`(select count(*) from asset a where a.org_id = organization.id)`.as("assets"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof organizations>["executeTakeFirstOrThrow"]>>;
interface Wish {
  readonly search?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

const toOrganization = (row: Row): Organization => ({
  ...row,
  members: Number(row.members),
  assets: Number(row.assets),
  createdAt: row.createdAt.toISOString(),
});

export async function findOrganization(db: Db, id: string): Promise<Organization | null> {
  const row = await organizations(db).where("organization.id", "=", id).executeTakeFirst();
  return row ? toOrganization(row) : null;
}

export async function listAllOrganizations(db: Db, { search, cursor, limit }: Wish) {
  let query = organizations(db);
  if (search) query = query.where("organization.name", "ilike", containing(search));
  const found = await page(query, { by: "organization.sort_name", id: "organization.id", limit, cursor });
  return { items: found.items.map(toOrganization), next: found.next };
}

/** Those that a person may enter: as a member, or because a role of the system is held. */
export async function listEnterable(db: Db, userId: string, { search, cursor, limit }: Wish) {
  let query = db
    .selectFrom("organization")
    .select(["organization.id", "organization.name"])
    .where(
      sql<boolean>`(exists (select from membership m where m.org_id = organization.id and m.user_id = ${userId})
        or exists (select from system_role_binding s where s.user_id = ${userId}))`,
    );
  if (search) query = query.where("organization.name", "ilike", containing(search));
  return page(query, { by: "organization.sort_name", id: "organization.id", limit, cursor });
}

export async function listMembersOf(db: Db, orgId: string, { search, cursor, limit }: Wish) {
  let query = db
    .selectFrom("membership")
    .innerJoin("users", "users.id", "membership.user_id")
    .where("membership.org_id", "=", orgId)
    .select([
      "users.id",
      "users.login_name as loginName",
      "users.name",
      "users.active",
      "membership.created_at as since",
      sql<string[]>`array(select role_id from role_binding b
        where b.org_id = membership.org_id and b.user_id = users.id order by role_id)`.as("roles"),
    ]);
  if (search) {
    const pattern = containing(search);
    query = query.where((row) =>
      row.or([
        row("users.name", "ilike", pattern),
        row("users.login_name", "ilike", pattern),
        row("users.email", "ilike", pattern),
      ]),
    );
  }
  const found = await page(query, { by: "users.sort_name", id: "users.id", limit, cursor });
  return { items: found.items.map((row): Member => ({ ...row, since: row.since.toISOString() })), next: found.next };
}

/** What must be gone before an organization can be deleted, with its number; nothing: it may go. */
export async function standingInTheWay(db: Db, id: string): Promise<{ what: string; count: number }[]> {
  const { rows } = await sql<{ what: string; count: number }>`
    select what, count::int from (values
      ('live sessions', (select count(*) from session where org_id = ${id} and state <> 'ended')),
      ('recorded or past sessions', (select count(*) from session where org_id = ${id} and state = 'ended')),
      ('accounts', (select count(*) from account where org_id = ${id})),
      ('assets', (select count(*) from asset where org_id = ${id})),
      ('nodes', (select count(*) from node where org_id = ${id} and parent_id is not null)),
      ('permission rules', (select count(*) from access_grant where org_id = ${id})),
      ('access rules', (select count(*) from access_rule where org_id = ${id})),
      ('command groups', (select count(*) from command_group where org_id = ${id})),
      ('groups', (select count(*) from user_group where org_id = ${id})),
      ('ways to sign in that make their users its members', (select count(*) from sign_in_backend where org_id = ${id})),
      ('rules that map groups of a directory', (select count(*) from backend_mapping where org_id = ${id})),
      ('people who belong to no other organization', (
        select count(*) from membership m where m.org_id = ${id}
          and not exists (select from membership o where o.user_id = m.user_id and o.org_id <> m.org_id)))
    ) as found (what, count) where count > 0`.execute(db);
  return rows;
}

/** Takes an organization away with its memberships, its root node and the console sessions in it. */
export async function eraseOrganization(db: Db, id: string): Promise<void> {
  await db.deleteFrom("console_session").where("org_id", "=", id).execute();
  await db.deleteFrom("membership").where("org_id", "=", id).execute();
  await db.deleteFrom("node_closure").where("org_id", "=", id).execute();
  await db.deleteFrom("node").where("org_id", "=", id).execute();
  await db.deleteFrom("organization").where("id", "=", id).execute();
}

/** Ends a membership: roles, groups and rules of the organization go with it, and so do the console sessions in it. */
export async function leave(db: Db, orgId: string, userId: string): Promise<void> {
  await db.deleteFrom("membership").where("org_id", "=", orgId).where("user_id", "=", userId).execute();
  await db.deleteFrom("console_session").where("org_id", "=", orgId).where("user_id", "=", userId).execute();
}
