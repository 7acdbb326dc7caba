import { sql } from "kysely";
import { type Actor, newId } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { hashToken, newToken } from "./token.ts";

const IDLE_MINUTES = 8 * 60;
const LONGEST_MS = 24 * 60 * 60 * 1000;
const AT_MOST_PER_USER = 50;

/** Opens a console session; the token is for the cookie and is stored only as a hash. */
export async function openConsoleSession(
  db: Db,
  session: { userId: string; orgId: string; address: string | null; now: Date },
): Promise<{ id: string; token: string; expiresAt: Date }> {
  const { token, hash } = newToken();
  const id = newId();
  const expiresAt = new Date(session.now.getTime() + LONGEST_MS);
  await db
    .insertInto("console_session")
    .values({
      id,
      token_hash: hash,
      user_id: session.userId,
      org_id: session.orgId,
      address: session.address,
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

/** Ends a user's console sessions; all, or all but one. */
export async function endConsoleSessions(db: Db, userId: string, but: string | null = null): Promise<void> {
  let ending = db.deleteFrom("console_session").where("user_id", "=", userId);
  if (but) ending = ending.where("id", "!=", but);
  await ending.execute();
}

export const ANONYMOUS: Omit<Actor, "address" | "via"> = {
  kind: "anonymous",
  id: null,
  name: "anonymous",
  orgId: null,
  permissions: new Set(),
  signInId: null,
};

/** Who the bearer of the token is; anonymous when the session is unknown, too old, or its user may not act. */
export async function actorOfToken(
  db: Db,
  request: { token: string | null; address: string | null; via: Actor["via"] },
): Promise<Actor> {
  const { address, via } = request;
  if (!request.token || request.token.length > 200) return { ...ANONYMOUS, address, via };
  const row = (
    await sql<{ id: string; user_id: string; org_id: string; name: string; idle: boolean; permissions: string[] }>`
    select s.id, s.user_id, s.org_id, u.name, s.used_at < now() - interval '1 minute' as idle, ${permissionsOf("s.org_id", "u.id")} as permissions
    from console_session s
    join users u on u.id = s.user_id and u.active
    join membership m on m.org_id = s.org_id and m.user_id = s.user_id
    where s.token_hash = ${hashToken(request.token)} and s.expires_at > now()
      and s.used_at > now() - make_interval(mins => ${IDLE_MINUTES})`.execute(db)
  ).rows[0];
  if (!row) return { ...ANONYMOUS, address, via };
  if (row.idle) await db.updateTable("console_session").set({ used_at: sql`now()` }).where("id", "=", row.id).execute();
  return {
    kind: "person",
    id: row.user_id,
    name: row.name,
    orgId: row.org_id,
    address,
    via,
    permissions: new Set(row.permissions),
    signInId: row.id,
  };
}

/** SQL: the permissions that a user holds in an organization, as text[]. */
export const permissionsOf = (org: string, user: string) => sql<string[]>`array(
  select distinct unnest(r.permissions) from role_binding b join role r on r.id = b.role_id
  where b.org_id = ${sql.ref(org)} and b.user_id = ${sql.ref(user)})`;
