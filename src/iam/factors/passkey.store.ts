import { Fault, newId } from "../../core/index.ts";
import { type Db, violated } from "../../db/index.ts";
import type { checkPasskey } from "./web-authn.ts";

const PASSKEYS_PER_USER = 20;

const COLUMNS = ["id", "name", "host", "verifies_user", "created_at", "used_at"] as const;

/** The passkeys of a user; at most 20. */
export const passkeysOf = (db: Db, userId: string) =>
  db.selectFrom("passkey").select(COLUMNS).where("user_id", "=", userId);

/** Null: the user has no such passkey. */
export const renamePasskey = (db: Db, userId: string, { id, name }: { id: string; name: string }) =>
  db
    .updateTable("passkey")
    .set({ name })
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .returning(COLUMNS)
    .executeTakeFirst();

/** Keeps a passkey that was checked; Fault `conflict` when it is known already or there are too many. */
export async function keepPasskey(
  db: Db,
  userId: string,
  made: NonNullable<Awaited<ReturnType<typeof checkPasskey>>> & { readonly name: string },
) {
  await db.selectFrom("users").select("id").where("id", "=", userId).forUpdate().execute();
  const held = await db
    .selectFrom("passkey")
    .select((row) => row.fn.countAll<string>().as("n"))
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  if (Number(held.n) >= PASSKEYS_PER_USER)
    throw new Fault("conflict", `At most ${PASSKEYS_PER_USER} passkeys. Remove one first.`);
  return db
    .insertInto("passkey")
    .values({ id: newId(), user_id: userId, ...made })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
    .catch((error) => {
      if (violated(error) !== "passkey_belongs_to_one_user") throw error;
      throw new Fault("conflict", "This passkey is known already. Make a new one.");
    });
}
