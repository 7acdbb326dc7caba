import { sql } from "kysely";
import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { hashToken, newToken } from "../login/token.ts";

/** What a mailed link is for: choosing a new password, or the first one. */
export type MailedPurpose = "reset" | "invite";

/** Whom a token that still counts was mailed to. */
export interface MailedTo {
  readonly userId: string;
  readonly email: string;
  /** The organization that invited; null: none. */
  readonly orgId: string | null;
}

/**
 * A new single-use token for a user (256 random bits; only its hash is stored). Older ones of the same purpose are void,
 * and this one is when the user's address changes. The link that carries it holds it behind `#`.
 */
export async function makeMailedToken(
  db: Db,
  given: MailedTo & { readonly purpose: MailedPurpose; readonly hours: number },
): Promise<{ token: string; expiresAt: Date }> {
  await revokeMailedTokens(db, given.purpose, given.userId);
  const { token, hash } = newToken();
  const { expires_at: expiresAt } = await db
    .insertInto("mailed_token")
    .values({
      token_hash: hash,
      user_id: given.userId,
      purpose: given.purpose,
      email: given.email,
      org_id: given.orgId,
      expires_at: sql<Date>`now() + make_interval(hours => ${given.hours})`,
    })
    .returning("expires_at")
    .executeTakeFirstOrThrow();
  return { token, expiresAt };
}

/** Whom the token was mailed to; null when it is unknown, used, void or too old, or the user may not sign in. */
export async function findMailedToken(db: Db, purpose: MailedPurpose, token: string): Promise<MailedTo | null> {
  const row = await usable(db, purpose, token).executeTakeFirst();
  return row ?? null;
}

/** Uses the token up and tells whom it was mailed to; Fault `denied`, the same for whatever is wrong with it. */
export async function useMailedToken(db: Db, purpose: MailedPurpose, token: string): Promise<MailedTo> {
  const row = await usable(db, purpose, token).forUpdate("mailed_token").executeTakeFirst();
  if (!row) throw linkIsVoid();
  await db
    .updateTable("mailed_token")
    .set({ used_at: sql`now()` })
    .where("token_hash", "=", hashToken(token))
    .execute();
  return row;
}

/** The refusal of every link that does not count. */
export const linkIsVoid = (): Fault =>
  new Fault("denied", "This link was used, is too old, or was replaced by a newer one. Ask for a new one.");

/** Makes the links void that were mailed to a user; returns how many could still be used. */
export async function revokeMailedTokens(db: Db, purpose: MailedPurpose, userId: string): Promise<number> {
  const { rows } = await sql<{ usable: boolean }>`
    delete from mailed_token where user_id = ${userId} and purpose = ${purpose}
    returning used_at is null and expires_at > now() as usable`.execute(db);
  return rows.filter((row) => row.usable).length;
}

/** One mail a minute for each person, whatever it is for; false when the last one is younger. */
export async function mailIsDue(db: Db, userId: string): Promise<boolean> {
  const { rows } = await sql`
    insert into reset_mailed as m (user_id, at) values (${userId}, now())
    on conflict (user_id) do update set at = now() where m.at <= now() - interval '1 minute'
    returning user_id`.execute(db);
  return rows.length > 0;
}

/** Fault `conflict` when somebody was written to less than a minute ago. */
export async function mailMustBeDue(db: Db, userId: string): Promise<void> {
  if (await mailIsDue(db, userId)) return;
  throw new Fault("conflict", "This person was mailed a link less than a minute ago. Wait a minute, then try again.");
}

/** Removes what nobody can use any more. */
export async function tidyMailedTokens(db: Db): Promise<void> {
  await sql`delete from mailed_token where expires_at < now() or used_at is not null`.execute(db);
}

const usable = (db: Db, purpose: MailedPurpose, token: string) =>
  db
    .selectFrom("mailed_token")
    .innerJoin("users", (on) =>
      on.onRef("users.id", "=", "mailed_token.user_id").onRef("users.email", "=", "mailed_token.email"),
    )
    .where("mailed_token.token_hash", "=", hashToken(token))
    .where("mailed_token.purpose", "=", purpose)
    .where("mailed_token.used_at", "is", null)
    .where("mailed_token.expires_at", ">", sql<Date>`now()`)
    .where("users.active", "=", true)
    .where("users.kind", "=", "person")
    .where((row) => row.or([row("users.expires_at", "is", null), row("users.expires_at", ">", sql<Date>`now()`)]))
    .select(["mailed_token.user_id as userId", "mailed_token.email", "mailed_token.org_id as orgId"]);
