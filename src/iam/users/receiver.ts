import type { Db } from "../../db/index.ts";
import type { Receiver } from "../../platform/index.ts";
import { Preferences } from "../schema.ts";

/** Where and in which language a user is written to; null when there is no such user, or a disabled one. */
export async function receiverOf(db: Db, userId: string): Promise<Receiver | null> {
  const user = await db
    .selectFrom("users")
    .select(["email", "preferences"])
    .where("id", "=", userId)
    .where("active", "=", true)
    .executeTakeFirst();
  if (!user) return null;
  const { language = "en" } = Preferences.catch({}).parse(user.preferences);
  return { address: user.email, language };
}
