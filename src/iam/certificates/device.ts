import { randomInt } from "node:crypto";
import { sql } from "kysely";
import { type Actor, Fault, newId, networkOf, notFound } from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import { limitsOf } from "../login/asks.ts";
import { hashToken, newToken } from "../login/token.ts";
import * as schema from "../schema.ts";
import type { ParsePublicKey } from "../users/ssh-key.ts";
import { type CertificateMaker, issueCertificate } from "./ssh-certificate.store.ts";

export interface DeviceDeps {
  readonly sealer: Sealer;
  readonly platform: Pick<Platform, "settings">;
  readonly maker: CertificateMaker;
  readonly parsePublicKey: ParsePublicKey;
}

const VALID_MINUTES = 10;
const POLL_SECONDS = 2;
const WAITING_PER_ADDRESS = 20;
const WAITING_AT_ALL = 2000;
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

const newCode = (): string => {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
};

/** Nobody is known yet, so what strangers can leave behind is bounded. */
async function mustHaveRoom(db: Db, address: string | null): Promise<void> {
  const from = address === null ? "unknown" : networkOf(address);
  const { rows } = await sql<{ here: number; all: number }>`
    select count(*) filter (where address = ${from})::int as here, count(*)::int as all
    from device_sign_in where expires_at > now()`.execute(db);
  const { here = 0, all = 0 } = rows[0] ?? {};
  if (here >= WAITING_PER_ADDRESS || all >= WAITING_AT_ALL)
    throw new Fault("too_many", "Too many command lines wait for a person. Try again in ten minutes.");
}

const waiting = (db: Db, code: string) =>
  db
    .selectFrom("device_sign_in")
    .select(["id", "code", "device", "address", "fingerprint", "public_key as publicKey", "created_at as askedAt"])
    .where("code", "=", `${code.replace("-", "").slice(0, 4)}-${code.replace("-", "").slice(4)}`)
    .where("expires_at", ">", sql<Date>`now()`)
    .where("user_id", "is", null)
    .where("refused", "=", false);

const nothingWaits = (): Fault =>
  new Fault("not_found", "No command line waits under this code. Codes are valid for ten minutes; run it again.");

/**
 * A sign-in at a console needs a browser; a command line has none. It shows a code, a person who is signed in confirms
 * it, and the command line fetches a certificate for its key (the shape of RFC 8628).
 */
export function deviceActions(deps: DeviceDeps) {
  const begin = serve(schema.beginDevice, {
    access: "anonymous",
    async run({ db, actor, note }, { publicKey, device }) {
      const key = deps.parsePublicKey(publicKey);
      await mustHaveRoom(db, actor.address);
      const { token, hash } = newToken();
      const { code, expiresAt } = await db
        .insertInto("device_sign_in")
        .values({
          id: newId(),
          token_hash: hash,
          code: newCode(),
          public_key: key.line.split(" ", 2).join(" "),
          fingerprint: key.fingerprint,
          device,
          address: actor.address === null ? "unknown" : networkOf(actor.address),
          expires_at: sql<Date>`now() + make_interval(mins => ${VALID_MINUTES})`,
        })
        .returning(["code", "expires_at as expiresAt"])
        .executeTakeFirstOrThrow();
      note({ device, fingerprint: key.fingerprint });
      return {
        code,
        token,
        path: `/device?code=${code}`,
        expiresAt: expiresAt.toISOString(),
        pollSeconds: POLL_SECONDS,
      };
    },
  });

  const collect = serve(schema.collectDevice, {
    access: "anonymous",
    async run({ db }, { token }) {
      const row = await db
        .selectFrom("device_sign_in as d")
        .leftJoin("users as u", "u.id", "d.user_id")
        .select([
          "d.id",
          "d.refused",
          "d.certificate",
          "d.certificate_expires_at as until",
          "u.login_name as loginName",
        ])
        .where("d.token_hash", "=", hashToken(token))
        .where("d.expires_at", ">", sql<Date>`now()`)
        .forUpdate("d")
        .executeTakeFirst();
      if (!row) throw new Fault("unauthenticated", "Nobody confirmed the code in time. Run it again.");
      if (row.refused) throw new Fault("denied", "The code was refused in the console.");
      if (row.certificate === null || !row.until || row.loginName === null) return { state: "waiting" as const };
      await db.deleteFrom("device_sign_in").where("id", "=", row.id).execute();
      return {
        state: "confirmed" as const,
        certificate: row.certificate,
        loginName: row.loginName,
        expiresAt: row.until.toISOString(),
      };
    },
  });

  const read = serve(schema.readDevice, {
    access: "signed-in",
    async run({ db, actor }, { code }) {
      const found = await waiting(db, code).executeTakeFirst();
      if (!found) throw nothingWaits();
      const { certificateHours } = await limitsOf({ ...deps, db }, actor.id ?? "");
      const org = await db
        .selectFrom("organization")
        .select("name")
        .where("id", "=", actor.orgId)
        .executeTakeFirstOrThrow();
      const { askedAt, device, address, fingerprint } = found;
      return {
        code: found.code,
        device,
        address,
        fingerprint,
        askedAt: askedAt.toISOString(),
        hours: certificateHours,
        organization: org.name,
      };
    },
  });

  const confirm = serve(schema.confirmDevice, {
    access: "signed-in",
    confirm: { level: "sign-in", minutes: FRESH_MINUTES },
    async run({ db, actor, now, about, note }, { code }) {
      const orgId = actor.orgId ?? "";
      const session = await sessionOf(db, actor, now);
      const found = await waiting(db, code).forUpdate().executeTakeFirst();
      if (!found) throw nothingWaits();
      about({ kind: "ssh-certificate", id: null, name: found.device || found.fingerprint });
      const { certificateHours } = await limitsOf({ ...deps, db }, actor.id ?? "");
      const { serial, certificate, expiresAt } = await issueCertificate(deps, db, {
        orgId,
        user: { id: actor.id ?? "", loginName: session.loginName },
        publicKey: found.publicKey,
        fingerprint: found.fingerprint,
        device: found.device,
        address: found.address,
        proofs: session.proofs,
        hours: certificateHours,
        now,
      });
      note({ serial, fingerprint: found.fingerprint, hours: certificateHours });
      await db
        .updateTable("device_sign_in")
        .set({ user_id: actor.id, certificate, certificate_expires_at: expiresAt })
        .where("id", "=", found.id)
        .execute();
      return {};
    },
  });

  const refuse = serve(schema.refuseDevice, {
    access: "signed-in",
    async run({ db, about }, { code }) {
      const found = await waiting(db, code).executeTakeFirst();
      if (!found) throw notFound("code");
      about({ kind: "ssh-certificate", id: null, name: found.device || found.fingerprint });
      await db.updateTable("device_sign_in").set({ refused: true }).where("id", "=", found.id).execute();
      return {};
    },
  });
  return [begin, collect, read, confirm, refuse];
}

const FRESH_MINUTES = 5;

/** What the confirming person proved. Who has given a second factor at all must have given it just now. */
async function sessionOf(db: Db, actor: Actor, now: Date): Promise<{ proofs: string[]; loginName: string }> {
  const session = await db
    .selectFrom("console_session as s")
    .innerJoin("users as u", "u.id", "s.user_id")
    .select(["s.proofs", "s.second_factor_at as secondFactorAt", "u.login_name as loginName"])
    .where("s.id", "=", actor.signInId)
    .executeTakeFirst();
  if (!session) throw new Fault("denied", "Confirm it in the console, signed in as yourself.");
  const since = now.getTime() - FRESH_MINUTES * 60_000;
  if (session.secondFactorAt && session.secondFactorAt.getTime() < since)
    throw new Fault("unconfirmed", "Prove once more that it is you.", {
      level: "second-factor",
      minutes: FRESH_MINUTES,
    });
  return session;
}
