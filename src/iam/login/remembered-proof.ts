import { sql } from "kysely";
import type { Db } from "../../db/index.ts";

/** From where, and by which first proof, somebody signed in. */
export interface Whence {
  readonly userId: string;
  /** The client's address; null: nothing is remembered. */
  readonly address: string | null;
  /** A key's fingerprint, "password", or a backend. */
  readonly firstProof: string;
}

/** Second factors given at a full sign-in of the last minutes, from the same address and after the same first proof. */
export async function rememberedProofs(db: Db, { userId, address, firstProof }: Whence): Promise<readonly string[]> {
  if (address === null) return [];
  const row = await db
    .selectFrom("remembered_proof")
    .select("proofs")
    .where("user_id", "=", userId)
    .where("address", "=", address)
    .where("first_proof", "=", firstProof)
    .where("expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  return row?.proofs ?? [];
}

/** Lets second factors that were just given count again for so many minutes; what was only remembered is not prolonged. */
export async function rememberProofs(
  db: Db,
  { userId, address, firstProof }: Whence,
  { proofs, minutes }: { readonly proofs: readonly string[]; readonly minutes: number },
): Promise<void> {
  if (address === null || minutes <= 0 || proofs.length === 0) return;
  const kept = { proofs: [...proofs], expires_at: sql<Date>`now() + make_interval(mins => ${minutes})` };
  await db
    .insertInto("remembered_proof")
    .values({ user_id: userId, address, first_proof: firstProof, ...kept })
    .onConflict((conflict) => conflict.columns(["user_id", "address", "first_proof"]).doUpdateSet(kept))
    .execute();
}

/** Forgets what was remembered of a person. A changed password, a lost factor and disabling do it in the database. */
export async function forgetProofs(db: Db, userId: string): Promise<void> {
  await db.deleteFrom("remembered_proof").where("user_id", "=", userId).execute();
}
