import { sql } from "kysely";
import { Fault, newId } from "../../core/index.ts";
import { type Db, violated } from "../../db/index.ts";
import type { Backend, OutsideIdentity } from "../backends/backend.ts";

type Outside = Pick<OutsideIdentity, "issuer" | "subject" | "loginName">;

/** Binds an outside identity to a user; Fault `conflict` when it is bound already. Returns the new row's id. */
export async function linkIdentity(
  db: Db,
  link: { readonly backendId: string; readonly userId: string; readonly outside: Outside; readonly now: Date | null },
): Promise<string> {
  const { backendId, userId, outside, now } = link;
  const id = newId();
  const row = { id, backend_id: backendId, user_id: userId, issuer: outside.issuer, subject: outside.subject };
  await db
    .insertInto("identity")
    .values({ ...row, shown_name: outside.loginName.slice(0, 256), used_at: now })
    .execute()
    .catch((error) => {
      if (violated(error) !== "identity_is_of_one_user") throw error;
      throw new Fault("conflict", `"${outside.loginName}" is linked to a user already. Remove that link first.`);
    });
  return id;
}

/**
 * The user whom an administrator said to be this person, once; null: nobody said so. A name that a provider tells may
 * be one that people choose there: only the subject counts. A directory is asked for the name that was typed.
 */
export async function takeAwaited(
  db: Db,
  backend: { readonly id: string; readonly entry: Pick<Backend, "flow"> },
  outside: Outside,
): Promise<string | null> {
  const isThey =
    backend.entry.flow === "form"
      ? sql<boolean>`lower(outside_name) = lower(${outside.loginName})`
      : sql<boolean>`outside_name = ${outside.subject}`;
  const row = await db
    .deleteFrom("awaited_identity")
    .where("backend_id", "=", backend.id)
    .where(isThey)
    .where("expires_at", ">", sql<Date>`now()`)
    .returning("user_id")
    .executeTakeFirst();
  return row?.user_id ?? null;
}
