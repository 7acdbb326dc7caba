import { sql } from "kysely";
import { type Actor, newId } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import { ANONYMOUS } from "./anonymous.ts";
import { attemptOfToken } from "./attempt.ts";
import { forgetProofs } from "./remembered-proof.ts";
import { hashToken, newToken } from "./token.ts";

const AT_MOST_PER_USER = 50;

/** Opens a console session; the token is for the cookie and is stored only as a hash. */
export async function openConsoleSession(
  db: Db,
  session: {
    userId: string;
    orgId: string;
    address: string | null;
    agent: string | null;
    now: Date;
    proofs: readonly string[];
    backendId: string | null;
    /** The limits that hold from now on, whatever the settings become. */
    limits: { readonly idleMinutes: number; readonly longestHours: number };
    /** Here or at a backend. */
    typedPassword: boolean;
  },
): Promise<{ id: string; token: string; expiresAt: Date }> {
  const { token, hash } = newToken();
  const id = newId();
  const expiresAt = new Date(session.now.getTime() + session.limits.longestHours * 3_600_000);
  await db
    .insertInto("console_session")
    .values({
      id,
      token_hash: hash,
      user_id: session.userId,
      org_id: session.orgId,
      address: session.address,
      agent: session.agent,
      proofs: [...session.proofs],
      backend_id: session.backendId,
      signed_in_at: session.now,
      password_at: session.typedPassword ? session.now : null,
      second_factor_at: session.proofs.length > 1 || session.proofs.includes("passkey") ? session.now : null,
      idle_minutes: session.limits.idleMinutes,
      expires_at: expiresAt,
    })
    .execute();
  await endOldest(db, session.userId);
  return { id, token, expiresAt };
}

async function endOldest(db: Db, userId: string): Promise<void> {
  const surplus = db
    .selectFrom("console_session")
    .select("id")
    .where("user_id", "=", userId)
    .orderBy("used_at", "desc")
    .offset(AT_MOST_PER_USER);
  await db.deleteFrom("console_session").where("id", "in", surplus).execute();
}

/** Ends a user's console sessions, all or all but one, and forgets what SSH remembered of them. */
export async function endConsoleSessions(db: Db, userId: string, but: string | null = null): Promise<void> {
  await forgetProofs(db, userId);
  let ending = db.deleteFrom("console_session").where("user_id", "=", userId);
  if (but) ending = ending.where("id", "!=", but);
  await ending.execute();
}

const sealedAs = (id: string): string => `console_session:${id}`;

/** Keeps with the console session what signing out at its backend needs; text. */
export async function keepBackendMemory(deps: { db: Db; sealer: Sealer }, id: string, memory: string): Promise<void> {
  const backend_memory = deps.sealer.seal(memory, sealedAs(id));
  await deps.db.updateTable("console_session").set({ backend_memory }).where("id", "=", id).execute();
}

/** The backend of the console session and what it remembers; null: signed in without one, or nothing is remembered. */
export async function backendMemoryOf(
  deps: { db: Db; sealer: Sealer },
  id: string,
): Promise<{ readonly backendId: string; readonly memory: unknown } | null> {
  const row = await deps.db
    .selectFrom("console_session")
    .select(["backend_id", "backend_memory"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (!row?.backend_id || !row.backend_memory) return null;
  const text = deps.sealer.open(row.backend_memory, sealedAs(id)).toString();
  return { backendId: row.backend_id, memory: JSON.parse(text) as unknown };
}

interface Bearer {
  id: string;
  userId: string;
  orgId: string;
  name: string;
  idle: boolean;
  permissions: string[];
  signIn: Date;
  password: Date | null;
  secondFactor: Date | null;
}

/** What a request says of who sends it. */
export interface Claims {
  readonly token: string | null;
  readonly attempt?: string | null;
  readonly address: string | null;
  readonly via: Actor["via"];
  readonly origin?: string | null;
  readonly agent?: string | null;
  /** An API key; it alone says who asks then. */
  readonly bearer?: string | null;
  /** Whether nobody is at the client: the request does not count as use of the console session. */
  readonly unattended?: boolean;
}

/** Who the bearer of the token is; anonymous when the session is unknown, too old, or its user may not act. */
export async function actorOfToken(db: Db, claims: Claims): Promise<Actor> {
  const { address, via, origin = null, agent = null } = claims;
  const from = { address, via, origin, agent, attemptId: await attemptOfToken(db, claims.attempt ?? null) };
  const row = await bearerOf(db, claims.token);
  if (!row) return { ...ANONYMOUS, ...from };
  if (row.idle && !claims.unattended)
    await db.updateTable("console_session").set({ used_at: sql`now()` }).where("id", "=", row.id).execute();
  const { signIn, password, secondFactor } = row;
  return {
    kind: "person",
    id: row.userId,
    name: row.name,
    orgId: row.orgId,
    ...from,
    permissions: new Set(row.permissions),
    signInId: row.id,
    proved: { signIn, password, secondFactor },
  };
}

async function bearerOf(db: Db, token: string | null): Promise<Bearer | null> {
  if (!token || token.length > 200) return null;
  const { rows } = await sql<Bearer>`
    select s.id, s.user_id as "userId", s.org_id as "orgId", u.name, s.used_at < now() - interval '1 minute' as idle,
      s.signed_in_at as "signIn", s.password_at as password, s.second_factor_at as "secondFactor",
      ${permissionsOf("s.org_id", "u.id")} as permissions
    from console_session s
    join users u on u.id = s.user_id and u.active and (u.expires_at is null or u.expires_at > now())
    where s.token_hash = ${hashToken(token)} and s.expires_at > now()
      and s.used_at > now() - make_interval(mins => s.idle_minutes) and ${mayBeIn("s.org_id", "u.id")}`.execute(db);
  return rows[0] ?? null;
}

/** SQL: whether a user is a member of an organization, or holds a role of the system and may enter any. */
export const mayBeIn = (org: string, user: string) => sql<boolean>`(
  exists (select from membership m where m.org_id = ${sql.ref(org)} and m.user_id = ${sql.ref(user)})
  or exists (select from system_role_binding b where b.user_id = ${sql.ref(user)}))`;

/** SQL: the permissions that a user holds in an organization, as text[]. */
export const permissionsOf = (org: string, user: string) => sql<string[]>`array(
  select distinct unnest(r.permissions) from role r where r.id in (
    select b.role_id from role_binding b where b.org_id = ${sql.ref(org)} and b.user_id = ${sql.ref(user)}
    union all select b.role_id from system_role_binding b where b.user_id = ${sql.ref(user)}))`;
