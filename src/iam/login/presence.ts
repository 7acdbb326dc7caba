import { sql } from "kysely";
import { type Actor, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { mayBeIn, permissionsOf } from "./console-session.ts";

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
  /** The SSH certificate they proved, by organization and number; absent or null: none. */
  readonly certificate?: { readonly orgId: string; readonly serial: number } | null;
  /** The API key they came with; absent or null: none. */
  readonly apiKeyId?: string | null;
  /** Whether they proved a password. */
  readonly byPassword: boolean;
  /** A permission they need to stay; null: none. */
  readonly permission: string | null;
}

/**
 * For each, in the same order, whether it still holds: the user is active and a member, the console session is good
 * still, the key not removed, the certificate not revoked, the API key good, the password not changed and nobody signed
 * out everywhere since, the permission is held. One query for all.
 */
export async function stillPresent(db: Db, presences: readonly Presence[]): Promise<boolean[]> {
  if (presences.length === 0) return [];
  const column = <K extends keyof Presence>(key: K): Presence[K][] => presences.map((presence) => presence[key]);
  const found = await sql<{ place: number }>`
    select p.place::int
    from unnest(${column("userId")}::uuid[], ${column("orgId")}::uuid[], ${column("since")}::timestamptz[],
      ${column("signInId")}::uuid[], ${column("fingerprint")}::text[], ${column("byPassword")}::boolean[], ${column("permission")}::text[],
      ${presences.map(({ apiKeyId }) => apiKeyId ?? null)}::uuid[],
      ${presences.map(({ certificate }) => certificate?.orgId ?? null)}::uuid[],
      ${presences.map(({ certificate }) => certificate?.serial ?? null)}::bigint[])
      with ordinality as p (user_id, org_id, since, sign_in_id, fingerprint, by_password, permission, api_key_id, ca_org_id, serial, place)
    join users u on u.id = p.user_id and u.active and (u.expires_at is null or u.expires_at > now())
    where ${mayBeIn("p.org_id", "u.id")} and (p.sign_in_id is null or exists (
        select from console_session s where s.id = p.sign_in_id and s.user_id = p.user_id
          and s.expires_at > now() and s.used_at > now() - make_interval(mins => s.idle_minutes)))
      and (p.api_key_id is null or exists (
        select from api_key k where k.id = p.api_key_id and k.user_id = p.user_id and k.active and k.expires_at > now()))
      and (p.serial is null or exists (
        select from ssh_certificate c
        where c.org_id = p.ca_org_id and c.serial = p.serial and c.user_id = p.user_id and c.revoked_at is null))
      and (p.sign_in_id is not null or p.api_key_id is not null or u.signed_out_at is null or u.signed_out_at <= p.since)
      and (p.fingerprint is null or exists (select 1 from ssh_key k where k.fingerprint = p.fingerprint and k.user_id = p.user_id))
      and (not p.by_password or u.password_changed_at <= p.since)
      and (p.permission is null or exists (
        select from held_permission h
        where h.org_id = p.org_id and h.user_id = p.user_id and h.permission = p.permission))`.execute(db);
  const kept = new Set(found.rows.map(({ place }) => place));
  return presences.map((_, index) => kept.has(index + 1));
}

/** What a user may do in an organization at this moment; null when they may not act there at all. */
async function standingOf(db: Db, userId: string, orgId: string): Promise<ReadonlySet<string> | null> {
  const { rows } = await sql<{ permissions: string[] }>`
    select ${permissionsOf("o.id", "u.id")} as permissions from users u join organization o on o.id = ${orgId}
    where u.id = ${userId} and u.active and (u.expires_at is null or u.expires_at > now()) and ${mayBeIn("o.id", "u.id")}`.execute(
    db,
  );
  return rows[0] ? new Set(rows[0].permissions) : null;
}

/**
 * Whoever started an import in the background, with what they hold now. Fault `denied` when they may not act in the
 * organization any more, or lost the permission.
 */
export async function starterNow(db: Db, starter: Actor, permission: string): Promise<Actor> {
  const permissions = await standingOf(db, starter.id ?? "", starter.orgId ?? "");
  if (!permissions?.has(permission)) throw new Fault("denied", "Whoever started the import may not import any more.");
  return { ...starter, permissions };
}
