import { sql } from "kysely";
import { type Actor, Fault, newId } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import { hashToken, newToken } from "./token.ts";

const VALID_MINUTES = 10;
const FAILURES = 5;
const MOST_KEPT = 65_536;

/** Somebody on the way in. */
export interface Attempt {
  readonly id: string;
  readonly userId: string | null;
  readonly proofs: readonly string[];
  readonly backendId: string | null;
  readonly returnTo: string | null;
  /** Sealed; see `recall`. */
  readonly memory: Buffer | null;
}

interface Opening {
  readonly userId: string | null;
  readonly proofs: readonly string[];
  readonly backendId?: string | null;
  readonly returnTo?: string | null;
  readonly purpose?: "sign-in" | "confirm" | "enrol";
}

const sealedAs = (id: string): string => `sign_in_attempt:${id}`;

/** Writes down that somebody is on the way in, for ten minutes; the token is for the client and is stored as a hash. */
export async function openAttempt(
  db: Db,
  actor: Actor,
  opening: Opening,
): Promise<{ id: string; token: string; expiresAt: Date }> {
  const { token, hash } = newToken();
  const id = newId();
  const { expires_at: expiresAt } = await db
    .insertInto("sign_in_attempt")
    .values({
      id,
      token_hash: hash,
      purpose: opening.purpose ?? "sign-in",
      console_session_id: (opening.purpose ?? "sign-in") === "sign-in" ? null : actor.signInId,
      via: actor.via === "ssh" || actor.via === "cli" ? actor.via : "console",
      address: actor.address,
      agent: actor.agent ?? null,
      user_id: opening.userId,
      proofs: [...opening.proofs],
      backend_id: opening.backendId ?? null,
      return_to: opening.returnTo ?? null,
      expires_at: sql<Date>`now() + make_interval(mins => ${VALID_MINUTES})`,
    })
    .returning("expires_at")
    .executeTakeFirstOrThrow();
  return { id, token, expiresAt };
}

/** The id of the sign-in that the token's bearer began; null when it is over. */
export async function attemptOfToken(db: Db, token: string | null): Promise<string | null> {
  if (!token || token.length > 200) return null;
  const row = await db
    .selectFrom("sign_in_attempt")
    .select("id")
    .where("token_hash", "=", hashToken(token))
    .where("purpose", "=", "sign-in")
    .where("expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** What the actor has begun: a sign-in, or another purpose that is named; Fault `unauthenticated` when it is over. */
export async function attemptOf(
  db: Db,
  actor: Actor,
  purpose: NonNullable<Opening["purpose"]> = "sign-in",
): Promise<Attempt> {
  const row = await db
    .selectFrom("sign_in_attempt")
    .select(["id", "user_id as userId", "proofs", "backend_id as backendId", "return_to as returnTo", "memory"])
    .where("id", "=", actor.attemptId ?? null)
    .where("purpose", "=", purpose)
    .where("expires_at", ">", sql<Date>`now()`)
    .where("failures", "<", FAILURES)
    .executeTakeFirst();
  if (!row) throw over();
  return row;
}

const over = (): Fault =>
  new Fault("unauthenticated", "This sign-in took too long or was tried too often. Begin again.");

/** Counts a wrong answer; after five the sign-in is over. */
export async function countFailure(db: Db, id: string): Promise<void> {
  await db.updateTable("sign_in_attempt").set({ failures: sql`failures + 1` }).where("id", "=", id).execute();
}

/** The user before the attempt: the order in which a change of the password locks them. */
const holdUser = (db: Db, id: string) =>
  sql`select from users where id = (select user_id from sign_in_attempt where id = ${id}) for no key update`.execute(
    db,
  );

/**
 * Adds what was proved, and whose it is where nobody knew; forgets what was remembered for the question. Returns all that
 * was proved; Fault `unauthenticated` when the sign-in ended meanwhile. In the transaction that goes on.
 */
export async function addProof(db: Db, id: string, proof: string, userId?: string): Promise<readonly string[]> {
  await holdUser(db, id);
  let adding = db
    .updateTable("sign_in_attempt")
    .set({ proofs: sql`array_append(proofs, ${proof})`, memory: null, ...(userId && { user_id: userId }) })
    .where("id", "=", id)
    .where("expires_at", ">", sql<Date>`now()`)
    .where("failures", "<", FAILURES);
  if (userId) adding = adding.where("user_id", "is", null);
  const row = await adding.returning("proofs").executeTakeFirst();
  if (!row) throw over();
  return row.proofs;
}

/** Holds the attempt to the end of the transaction, which may change the user's password; Fault `unauthenticated` when it ended meanwhile. */
export async function holdAttempt(db: Db, id: string): Promise<void> {
  await holdUser(db, id);
  const row = await db.selectFrom("sign_in_attempt").select("id").where("id", "=", id).forUpdate().executeTakeFirst();
  if (!row) throw over();
  await sql`select set_config('sallyport.way_in', ${id}, true)`.execute(db);
}

/** Keeps what a backend or a factor needs when the answer comes; one thing at a time. */
export async function remember(deps: { db: Db; sealer: Sealer }, id: string, memory: unknown): Promise<void> {
  await deps.db
    .updateTable("sign_in_attempt")
    .set({ memory: deps.sealer.seal(JSON.stringify(memory ?? null), sealedAs(id)) })
    .where("id", "=", id)
    .execute();
}

/** What was remembered last, once: it is gone afterwards. Null: nothing. */
export async function recall(deps: { db: Db; sealer: Sealer }, id: string): Promise<unknown> {
  const row = await sql<{ memory: Buffer | null }>`
    with old as (select id, memory from sign_in_attempt where id = ${id} for update)
    update sign_in_attempt a set memory = null from old where a.id = old.id returning old.memory`.execute(deps.db);
  const sealed = row.rows[0]?.memory;
  return sealed ? (JSON.parse(deps.sealer.open(sealed, sealedAs(id)).toString()) as unknown) : null;
}

/** Keeps what signing out at the backend needs until there is a console session; null: nothing. */
export async function keepForSignOut(deps: { db: Db; sealer: Sealer }, id: string, memory: unknown): Promise<void> {
  const text = memory === undefined ? null : JSON.stringify(memory);
  if (text === null || text.length > MOST_KEPT) return;
  const backend_memory = deps.sealer.seal(text, sealedAs(id));
  await deps.db.updateTable("sign_in_attempt").set({ backend_memory }).where("id", "=", id).execute();
}

/** What `keepForSignOut` kept, as text; null: nothing. */
export async function keptForSignOut(deps: { db: Db; sealer: Sealer }, id: string): Promise<string | null> {
  const row = await deps.db
    .selectFrom("sign_in_attempt")
    .select("backend_memory")
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.backend_memory ? deps.sealer.open(row.backend_memory, sealedAs(id)).toString() : null;
}

export async function endAttempt(db: Db, id: string): Promise<void> {
  await db.deleteFrom("sign_in_attempt").where("id", "=", id).execute();
}

/** Removes what nobody can finish any more. */
export async function tidyWaysIn(db: Db): Promise<void> {
  await sql`delete from sign_in_attempt where expires_at < now()`.execute(db);
  await sql`delete from spent_proof where expires_at < now()`.execute(db);
  await sql`delete from remembered_proof where expires_at < now()`.execute(db);
  await sql`delete from mailed_code where expires_at < now() - interval '1 hour'`.execute(db);
}

/** Uses up a proof that may count once; false when it was used before. `until`: when it could not be valid any more. */
export async function spend(db: Db, realm: string, proof: string, until: Date): Promise<boolean> {
  const done = await db
    .insertInto("spent_proof")
    .values({ realm, proof_hash: hashToken(proof), expires_at: until })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return done.numInsertedOrUpdatedRows === 1n;
}
