import { sql } from "kysely";
import { type Actor, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

const SYSTEM_ADMINISTRATOR = "system-administrator";

/**
 * Whoever rules a backend could sign in as everybody it vouches for and hold what it gives. So the actor must hold, in
 * each organization, what its users and the roles of its mappings hold there. Fault `denied`.
 */
export async function mustHoldWhatItGives(db: Db, actor: Actor, backendId: string): Promise<void> {
  if (actor.kind === "system") return;
  const beyond = await sql`
    with given as (
      select h.org_id, h.permission from identity i join held_permission h on h.user_id = i.user_id
      where i.backend_id = ${backendId} and i.user_id <> ${actor.id}
      union
      select m.org_id, p.permission from backend_mapping m join role r on r.id = m.role_id
      cross join unnest(r.permissions) as p(permission) where m.backend_id = ${backendId})
    select 1 from given where not exists (
      select 1 from held_permission mine where mine.user_id = ${actor.id}
        and mine.org_id = given.org_id and mine.permission = given.permission)
    limit 1`.execute(db);
  if (beyond.rows.length > 0) {
    throw new Fault(
      "denied",
      "Somebody signs in with this backend, or one of its mappings gives a role, that holds permissions you lack. Ask somebody who holds them.",
    );
  }
}

/** Whether the actor holds all of these permissions in that organization; Fault `denied` that says what for. */
export async function mustHoldThere(
  db: Db,
  actor: Actor,
  at: { readonly orgId: string; readonly permissions: readonly string[]; readonly to: string },
): Promise<void> {
  if (actor.kind === "system" || at.permissions.length === 0) return;
  const missing = await sql<{ permission: string }>`
    select p.permission from unnest(${[...at.permissions]}::text[]) as p(permission) where not exists (
      select 1 from held_permission mine where mine.user_id = ${actor.id}
        and mine.org_id = ${at.orgId} and mine.permission = p.permission)
    limit 1`.execute(db);
  const permission = missing.rows[0]?.permission;
  if (!permission) return;
  throw new Fault(
    "denied",
    `You cannot ${at.to}: that takes the permission "${permission}" in that organization. Ask somebody who holds it.`,
    { permission },
  );
}

/** Whoever rules what judges everybody must hold all that the role of system administrators holds. Fault `denied`. */
export async function mustHoldEverything(db: Db, actor: Actor): Promise<void> {
  if (actor.kind === "system") return;
  const { permissions } = await db
    .selectFrom("role")
    .select("permissions")
    .where("id", "=", SYSTEM_ADMINISTRATOR)
    .executeTakeFirstOrThrow();
  if (permissions.every((permission) => actor.permissions.has(permission))) return;
  throw new Fault(
    "denied",
    "This backend judges the second factor of everybody, administrators included. Ask a system administrator.",
  );
}
