import { sql } from "kysely";
import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

interface Kept {
  /** Organizations that these users administer and that have an administrator who lasts. */
  readonly orgIds: readonly string[];
  readonly site: boolean;
}

/**
 * Makes changes to the administrators among these users wait for each other until the transaction ends, whichever
 * organizations they administer. What it returns is called after the change: Fault `conflict` when somewhere nobody who
 * lasts (active, without an end) could administer any more. The same rule stands in SQL.
 */
export async function watchAdministrators(db: Db, userIds: readonly string[]): Promise<() => Promise<void>> {
  const kept = await lockWhereTheyAdminister(db, userIds);
  return async () => {
    const lost = await sql<{ name: string }>`
      select name from organization where id = any(${[...kept.orgIds]}::uuid[]) and not has_lasting_administrator(id)
      order by name limit 1`.execute(db);
    if (lost.rows[0]) {
      throw new Fault(
        "conflict",
        `This is the last active administrator of the organization "${lost.rows[0].name}". Make another one first, without an end date.`,
      );
    }
    if (!kept.site) return;
    const site = await sql<{ lasts: boolean }>`select has_lasting_system_administrator() as lasts`.execute(db);
    if (!site.rows[0]?.lasts) {
      throw new Fault("conflict", "This is the last active system administrator. Make another one first.");
    }
  };
}

/** Organizations in one order, then the site: so that two changes never wait for each other in a circle. */
async function lockWhereTheyAdminister(db: Db, userIds: readonly string[]): Promise<Kept> {
  const orgs = await sql<{ id: string }>`
    select o.id from organization o where exists (
      select from role_binding b where b.org_id = o.id and b.role_id = 'administrator' and b.user_id = any(${[...userIds]}::uuid[]))
    order by o.id for no key update`.execute(db);
  const system = await sql`
    select 1 from system_role_binding where role_id = 'system-administrator' and user_id = any(${[...userIds]}::uuid[])
    limit 1`.execute(db);
  const site = system.rows.length > 0;
  if (site) await sql`select 1 from role where id = 'system-administrator' for no key update`.execute(db);
  const ids = orgs.rows.map(({ id }) => id);
  const lasting = await sql<{ id: string }>`
    select id from unnest(${ids}::uuid[]) as o(id) where has_lasting_administrator(id)`.execute(db);
  return { orgIds: lasting.rows.map(({ id }) => id), site };
}
