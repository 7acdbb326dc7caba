import { sql } from "kysely";
import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { FirstProof } from "./first-proof.ts";

const FAILURES = 5;

/** The question that a console session was asked; Fault `conflict` when it is over. */
export async function confirmationOf(db: Db, sessionId: string): Promise<string> {
  const row = await db
    .selectFrom("sign_in_attempt")
    .select("id")
    .where("console_session_id", "=", sessionId)
    .where("purpose", "=", "confirm")
    .where("expires_at", ">", sql<Date>`now()`)
    .where("failures", "<", FAILURES)
    .executeTakeFirst();
  if (!row) throw new Fault("conflict", "This took too long or was tried too often. Begin again.");
  return row.id;
}

/** Forgets the question that a console session was asked. */
export async function voidConfirmation(db: Db, sessionId: string): Promise<void> {
  await db
    .deleteFrom("sign_in_attempt")
    .where("console_session_id", "=", sessionId)
    .where("purpose", "=", "confirm")
    .execute();
}

/** What backends call the user, by the backend's id; only one identity when it is given. */
export async function identitiesOf(
  db: Db,
  userId: string,
  only?: Extract<FirstProof, { by: "backend" }>,
): Promise<ReadonlyMap<string, string>> {
  let query = db.selectFrom("identity").select(["backend_id", "shown_name"]).where("user_id", "=", userId);
  if (only) {
    const { backend, outside } = only;
    query = query
      .where("backend_id", "=", backend.id)
      .where("issuer", "=", outside.issuer)
      .where("subject", "=", outside.subject);
  }
  const rows = await query.limit(100).execute();
  return new Map(rows.map((row) => [row.backend_id, row.shown_name]));
}
