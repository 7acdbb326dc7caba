import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import { Fault, newId } from "../../core/index.ts";
import { asksOf } from "../login/asks.ts";
import type { Factor, FactorContext, FactorDeps } from "./factor.ts";
import { mailedCode } from "./messages.ts";

const VALID_MINUTES = 10;
const TRIES = 3;
const APART_SECONDS = 60;
const DIGITS = 6;

/** What the way in remembers: which code it is, and the salt without which its hash could be guessed from the database. */
const Memory = z.object({ id: z.uuid(), salt: z.string() });
type Memory = z.infer<typeof Memory>;

const hashOf = (salt: string, code: string): Buffer => createHash("sha256").update(`${salt}:${code}`).digest();
const masked = (address: string): string => address.replace(/^(.).*(@.*)$/, "$1…$2");

/** Six digits by mail: ten minutes, three tries, right once, and only for the sign-in that asked for it. */
export function mailedCodeFactor({ platform }: Pick<FactorDeps, "platform">): Factor {
  /** Whether codes can reach the person, as far as the settings go at least. */
  async function reaches({ db, user }: FactorContext, least: "chosen" | "fallback"): Promise<boolean> {
    if (!user.email) return false;
    const { mailedCode: allowed } = await asksOf({ platform, db }, user.id);
    if (allowed === "off" || (least === "fallback" && allowed !== "fallback")) return false;
    return platform.mailIsConfigured(db);
  }

  async function send(context: FactorContext) {
    const { db, user, address } = context;
    if (!(await reaches(context, "chosen")))
      throw new Fault(
        "denied",
        "No code can be mailed to you now. Use a recovery code or another second factor, or ask an administrator to reset yours.",
      );
    const memory: Memory = { id: newId(), salt: randomBytes(32).toString("base64url") };
    const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, "0");
    await db.transaction().execute(async (tx) => {
      await keep(tx, { userId: user.id, id: memory.id, hash: hashOf(memory.salt, code) });
      await platform.notify(tx, {
        to: { userId: user.id },
        orgId: user.orgId,
        template: mailedCode,
        values: { code, loginName: user.loginName, address: address ?? "", minutes: VALID_MINUTES },
        until: new Date(Date.now() + VALID_MINUTES * 60_000),
      });
    });
    return { shown: { sentTo: masked(user.email ?? ""), digits: DIGITS, minutes: VALID_MINUTES }, memory };
  }

  return {
    kind: "mailed-code",
    title: "Code by mail",
    prompt: "Code that was mailed to you",
    looksLike: /^\s*\d{6}\s*$/,
    // Also while none can be mailed: what cannot be asked is not what need not be given.
    isReady: hasChosen,
    isFallback: (context) => reaches(context, "fallback"),
    begin: send,
    async verify(context, answer, memory) {
      if (!(await isRight(context, answer, memory))) return false;
      const { db, user, now } = context;
      await db.updateTable("mailed_factor").set({ used_at: now }).where("user_id", "=", user.id).execute();
      return true;
    },
    enrolment: {
      isOpen: (context) => reaches(context, "chosen"),
      begin: send,
      async finish(context, answer, memory) {
        if (!(await isRight(context, answer, memory))) return false;
        await context.db
          .insertInto("mailed_factor")
          .values({ user_id: context.user.id })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        return {};
      },
    },
    kept: {
      async list(db, userId) {
        const rows = await db.selectFrom("mailed_factor").selectAll().where("user_id", "=", userId).execute();
        return rows.map((row) => ({ id: row.user_id, name: "", createdAt: row.created_at, usedAt: row.used_at }));
      },
      async forget(db, userId) {
        await db.deleteFrom("mailed_code").where("user_id", "=", userId).execute();
        const gone = await db.deleteFrom("mailed_factor").where("user_id", "=", userId).executeTakeFirst();
        return Number(gone.numDeletedRows);
      },
    },
  };
}

async function hasChosen({ db, user }: FactorContext): Promise<boolean> {
  const row = await db.selectFrom("mailed_factor").select("user_id").where("user_id", "=", user.id).executeTakeFirst();
  return row !== undefined;
}

/** Writes the code down in place of the user's one before; Fault `too_many` within a minute of that. */
async function keep(db: FactorContext["db"], code: { userId: string; id: string; hash: Buffer }): Promise<void> {
  const kept = await sql`
    insert into mailed_code as c (attempt_id, user_id, code_hash, expires_at)
    values (${code.id}, ${code.userId}, ${code.hash}, now() + make_interval(mins => ${VALID_MINUTES}))
    on conflict (user_id) do update set attempt_id = excluded.attempt_id, code_hash = excluded.code_hash, tries = 0,
      sent_at = now(), expires_at = excluded.expires_at
      where c.sent_at <= now() - make_interval(secs => ${APART_SECONDS})
    returning user_id`.execute(db);
  if (kept.rows.length === 1) return;
  throw new Fault("too_many", "A code was mailed less than a minute ago. Use it, or wait a minute for another one.", {
    retryAfterSeconds: APART_SECONDS,
  });
}

/** Counts the try before it compares, so that tries made at the same moment are three at most; a right code is used up. */
async function isRight({ db, user }: FactorContext, answer: string, memory: unknown): Promise<boolean> {
  const asked = Memory.safeParse(memory);
  if (!asked.success) return false;
  const { id, salt } = asked.data;
  const tried = await sql<{ hash: Buffer }>`
    update mailed_code set tries = tries + 1
    where attempt_id = ${id} and user_id = ${user.id} and tries < ${TRIES} and expires_at > now()
    returning code_hash as hash`.execute(db);
  const [row] = tried.rows;
  if (!row || !timingSafeEqual(row.hash, hashOf(salt, answer.replaceAll(/\s/g, "")))) return false;
  const used = await sql`
    update mailed_code set expires_at = now() where attempt_id = ${id} and expires_at > now() returning user_id`.execute(
    db,
  );
  return used.rows.length === 1;
}
