import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import { mayBeIn } from "./console-session.ts";

/** Somebody who is let in somewhere, and by what: it must still hold for them to stay. */
export interface Presence {
  readonly userId: string;
  readonly orgId: string;
  /** When they proved who they are. */
  readonly since: Date;
  /** The console session they came with; null: none. */
  readonly signInId: string | null;
  /** The SSH key they proved; null: none. */
  readonly fingerprint: string | null;
  /** Whether they proved a password. */
  readonly byPassword: boolean;
  /** A permission they need to stay; null: none. */
  readonly permission: string | null;
}

/**
 * For each, in the same order, whether it still holds: the user is active and a member, the console session was not
 * ended, the key not removed, the password not changed since, the permission is held. One query for all.
 */
export async function stillPresent(db: Db, presences: readonly Presence[]): Promise<boolean[]> {
  if (presences.length === 0) return [];
  const column = <K extends keyof Presence>(key: K): Presence[K][] => presences.map((presence) => presence[key]);
  const found = await sql<{ place: number }>`
    select p.place::int
    from unnest(${column("userId")}::uuid[], ${column("orgId")}::uuid[], ${column("since")}::timestamptz[],
      ${column("signInId")}::uuid[], ${column("fingerprint")}::text[], ${column("byPassword")}::boolean[], ${column("permission")}::text[])
      with ordinality as p (user_id, org_id, since, sign_in_id, fingerprint, by_password, permission, place)
    join users u on u.id = p.user_id and u.active and (u.expires_at is null or u.expires_at > now())
    where ${mayBeIn("p.org_id", "u.id")} and (p.sign_in_id is null or exists (select 1 from console_session s where s.id = p.sign_in_id and s.user_id = p.user_id))
      and (p.fingerprint is null or exists (select 1 from ssh_key k where k.fingerprint = p.fingerprint and k.user_id = p.user_id))
      and (not p.by_password or u.password_changed_at <= p.since)
      and (p.permission is null or exists (
        select from held_permission h
        where h.org_id = p.org_id and h.user_id = p.user_id and h.permission = p.permission))`.execute(db);
  const kept = new Set(found.rows.map(({ place }) => place));
  return presences.map((_, index) => kept.has(index + 1));
}
