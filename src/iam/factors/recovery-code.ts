import { createHash, randomInt } from "node:crypto";
import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import type { Factor, FactorDeps } from "./factor.ts";
import { recoveryCodeUsed } from "./messages.ts";

const CODES = 10;
/** So few left: the person is asked to make new ones. */
export const FEW_RECOVERY_CODES = 3;
/** Digits and letters that cannot be mistaken for one another: 5 bits each, 80 in a code, so that a plain hash is enough. */
const SIGNS = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 16;

const newCode = (): string => Array.from({ length: LENGTH }, () => SIGNS[randomInt(SIGNS.length)]).join("");
const shownAs = (code: string): string => code.replace(/(.{4})(?=.)/g, "$1-");
/** As people type it: capitals, spaces, an o for a zero. */
const readAs = (typed: string): string =>
  typed.toLowerCase().replaceAll(/[\s-]/g, "").replaceAll("o", "0").replaceAll(/[il]/g, "1");
const hashOf = (userId: string, code: string): Buffer => createHash("sha256").update(`${userId}:${code}`).digest();

/** Ten new codes in place of all before, as they are shown once. */
export async function makeRecoveryCodes(db: Db, userId: string): Promise<string[]> {
  const codes = Array.from({ length: CODES }, newCode);
  const hashes = codes.map((code) => hashOf(userId, code));
  await sql`with gone as (delete from recovery_code where user_id = ${userId})
    insert into recovery_code (user_id, code_hash) select ${userId}, unnest(${hashes}::bytea[])`.execute(db);
  return codes.map(shownAs);
}

/** How many a person was given and how many are left; null: none were made. */
export async function recoveryCodesOf(db: Db, userId: string): Promise<{ made: number; left: number } | null> {
  const { rows } = await sql<{ made: number; left: number }>`
    select count(*)::int as made, (count(*) filter (where used_at is null))::int as left
    from recovery_code where user_id = ${userId}`.execute(db);
  const [counted] = rows;
  return counted && counted.made > 0 ? counted : null;
}

/** Codes on paper, for whoever lost the device: each is right once. */
export const recoveryCodeFactor = ({ platform }: Pick<FactorDeps, "platform">): Factor => ({
  kind: "recovery-code",
  title: "Recovery code",
  prompt: "Recovery code",
  looksLike: /^\s*(?:[0-9a-z][\s-]*){16}$/i,
  spare: true,
  isReady: async ({ db, user }) => ((await recoveryCodesOf(db, user.id))?.left ?? 0) > 0,
  begin: async () => ({ shown: {} }),
  async verify({ db, user, now, address }, answer) {
    const used = await db
      .updateTable("recovery_code")
      .set({ used_at: now })
      .where("user_id", "=", user.id)
      .where("code_hash", "=", hashOf(user.id, readAs(answer)))
      .where("used_at", "is", null)
      .executeTakeFirst();
    if (used.numUpdatedRows !== 1n) return false;
    if (user.email && (await platform.mailIsConfigured(db))) {
      const left = (await recoveryCodesOf(db, user.id))?.left ?? 0;
      const values = { loginName: user.loginName, left, few: left <= FEW_RECOVERY_CODES, address: address ?? "" };
      await platform.notify(db, { to: { userId: user.id }, orgId: user.orgId, template: recoveryCodeUsed, values });
    }
    return true;
  },
  kept: {
    list: async () => [],
    async forget(db, userId) {
      const gone = await db.deleteFrom("recovery_code").where("user_id", "=", userId).executeTakeFirst();
      return Number(gone.numDeletedRows);
    },
  },
});
