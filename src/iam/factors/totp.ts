import { timingSafeEqual } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import { z } from "zod";
import { spend } from "../login/attempt.ts";
import type { Factor, FactorContext, FactorDeps } from "./factor.ts";

/** RFC 6238 as every authenticator app knows it. */
const SHAPE = { algorithm: "SHA1", digits: 6, period: 30 } as const;
const PERIOD_MS = SHAPE.period * 1000;
/** RFC 4226 section 4 recommends 160 bits. */
const SECRET_BYTES = 20;
/** Steps that a clock may be off. */
const WINDOW = [-1, 0, 1] as const;
/** What is spent is kept longer than clocks of our processes differ. */
const KEPT_MS = 10 * 60_000;

const Memory = z.object({ secret: z.string() });
const sealedAs = (userId: string): string => `totp:${userId}`;

/** Codes of an authenticator app. */
export function totpFactor({ sealer }: Pick<FactorDeps, "sealer">): Factor {
  const rowOf = ({ db, user }: Pick<FactorContext, "db" | "user">) =>
    db.selectFrom("totp").select("secret").where("user_id", "=", user.id).executeTakeFirst();

  return {
    kind: "totp",
    title: "Authenticator app",
    prompt: "Code of your authenticator app",
    looksLike: /^\s*\d{3}\s?\d{3}\s*$/,
    isReady: async (context) => (await rowOf(context)) !== undefined,
    begin: async () => ({ shown: { digits: SHAPE.digits } }),
    async verify(context, answer) {
      const row = await rowOf(context);
      if (!row) return false;
      const secret = sealer.open(row.secret, sealedAs(context.user.id)).toString();
      if (!(await isRight(context, secret, answer))) return false;
      await context.db
        .updateTable("totp")
        .set({ used_at: context.now })
        .where("user_id", "=", context.user.id)
        .execute();
      return true;
    },
    enrolment: {
      async begin({ user, origin }) {
        const secret = new Secret({ size: SECRET_BYTES });
        const issuer = origin ? `Sallyport (${new URL(origin).hostname.replaceAll(":", ".")})` : "Sallyport";
        const uri = new TOTP({ ...SHAPE, issuer, label: user.loginName, secret }).toString();
        return {
          shown: { uri, secret: secret.base32, digits: SHAPE.digits },
          memory: { secret: secret.base32 } satisfies Memory,
        };
      },
      async finish(context, answer, memory) {
        const begun = Memory.safeParse(memory);
        if (!begun.success) return false;
        const { secret } = begun.data;
        if (!(await isRight(context, secret, answer))) return false;
        const row = {
          secret: sealer.seal(secret, sealedAs(context.user.id)),
          confirmed_at: context.now,
          created_at: context.now,
          used_at: null,
        };
        await context.db
          .insertInto("totp")
          .values({ user_id: context.user.id, ...row })
          .onConflict((conflict) => conflict.column("user_id").doUpdateSet(row))
          .execute();
        return {};
      },
    },
    kept: {
      async list(db, userId) {
        const rows = await db.selectFrom("totp").selectAll().where("user_id", "=", userId).execute();
        return rows.map((row) => ({ id: row.user_id, name: "", createdAt: row.created_at, usedAt: row.used_at }));
      },
      async forget(db, userId) {
        const gone = await db.deleteFrom("totp").where("user_id", "=", userId).executeTakeFirst();
        return Number(gone.numDeletedRows);
      },
    },
  };
}

type Memory = z.infer<typeof Memory>;

/** Whether the code is one of the secret's, now, and was never right before. All steps are compared, in constant time. */
async function isRight({ db, user, now }: FactorContext, secret: string, answer: string): Promise<boolean> {
  const code = answer.replaceAll(/\s/g, "");
  if (!/^\d{6}$/.test(code)) return false;
  const key = Secret.fromBase32(secret);
  const current = Math.floor(now.getTime() / PERIOD_MS);
  let right: number | null = null;
  for (const off of WINDOW) {
    const expected = TOTP.generate({ ...SHAPE, secret: key, timestamp: (current + off) * PERIOD_MS });
    if (timingSafeEqual(Buffer.from(expected), Buffer.from(code))) right = current + off;
  }
  if (right === null) return false;
  const until = new Date((right + 2) * PERIOD_MS + KEPT_MS);
  return spend(db, "totp", `${user.id}:${secret}:${right}`, until);
}
