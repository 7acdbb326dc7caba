import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { Role } from "../schema.ts";

const roles = (db: Db, orgId: string | null) =>
  db
    .selectFrom("role")
    .select([
      "id",
      "name",
      "description",
      "permissions",
      "scope",
      "version",
      "built_in as builtIn",
      "second_factor as secondFactor",
      sql<boolean>`org_id is not null`.as("own"),
    ])
    .where((row) => row.or([row("org_id", "is", null), row("org_id", "=", orgId)]));

type Row = Awaited<ReturnType<ReturnType<typeof roles>["executeTakeFirstOrThrow"]>>;

const toRole = (row: Row): Role => ({
  ...row,
  scope: row.scope === "system" ? "system" : "organization",
  secondFactor: row.secondFactor === "on" || row.secondFactor === "forced" ? row.secondFactor : null,
});

/** The role as the organization sees it: its own, and those of the site; null for another's. `lock`: until the end of the transaction. */
export async function findRole(
  db: Db,
  orgId: string | null,
  id: string,
  { lock = false }: { readonly lock?: boolean } = {},
): Promise<Role | null> {
  let query = roles(db, orgId).where("id", "=", id);
  if (lock) query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row ? toRole(row) : null;
}

interface Filter {
  readonly search?: string | undefined;
  readonly scope?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listRoles(db: Db, orgId: string | null, filter: Filter) {
  let query = roles(db, orgId);
  if (filter.search) query = query.where("name", "ilike", containing(filter.search));
  if (filter.scope) query = query.where("scope", "=", filter.scope);
  const found = await page(query, { by: "role.name", id: "role.id", limit: filter.limit, cursor: filter.cursor });
  return { ...found, items: found.items.map(toRole) };
}

/** How many hold the role: in the organization, or anywhere for a role of the system. */
export async function countHolders(db: Db, orgId: string | null, id: string): Promise<number> {
  const { rows } = await sql<{ holders: number }>`
    select ((select count(*) from role_binding where role_id = ${id} and org_id = ${orgId})
      + (select count(*) from system_role_binding where role_id = ${id}))::int as holders`.execute(db);
  return rows[0]?.holders ?? 0;
}
