import { randomInt } from "node:crypto";
import { sql } from "kysely";
import { type Actor, Fault, mustBeConfirmed, newId, networkOf, notFound, unaudited } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { limitsOf } from "../login/asks.ts";
import { offerOf } from "../login/strongest-proof.ts";
import { hashToken, newToken } from "../login/token.ts";
import type { WayInDeps } from "../login/way-in.ts";
import * as schema from "../schema.ts";
import { networkFrom } from "../tokens/networks.ts";
import type { ParsePublicKey } from "../users/ssh-key.ts";
import { asked, makeRoom, waiting } from "./device.store.ts";
import { type CertificateMaker, issueCertificate } from "./ssh-certificate.store.ts";

export interface DeviceDeps extends WayInDeps {
  readonly maker: CertificateMaker;
  readonly parsePublicKey: ParsePublicKey;
}

const VALID_MINUTES = 10;
const POLL_SECONDS = 2;
const FRESH_MINUTES = 5;
const LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const UNKNOWN = "unknown";

const newCode = (): string => {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
};

const networkOfActor = ({ address }: Actor): string => (address === null ? UNKNOWN : networkOf(address));

/** Whether a command line asked from another network than the person's; what is not known is not the same. */
const isElsewhere = (address: string | null, actor: Actor): boolean =>
  address === null || address === UNKNOWN || address !== networkOfActor(actor);

const nothingWaits = (): Fault =>
  new Fault("not_found", "No command line waits under this code. Codes are valid for ten minutes; run it again.");

/** Where the certificate counts; empty: everywhere. Fault `denied` when that must be known and is not. */
function networksFor(address: string | null, onlyFromAddress: boolean): string[] {
  if (!onlyFromAddress) return [];
  const network = networkFrom(address ?? "");
  if (network === null)
    throw new Fault(
      "denied",
      "Certificates count only from a known address here, and the command line's is not known.",
    );
  return [network];
}

/**
 * A sign-in at a console needs a browser; a command line has none. It shows a code, a person who is signed in types it
 * into the console, and the command line fetches a certificate for its key (the shape of RFC 8628). Whoever talks
 * somebody into typing a foreign code gets in as them; so the page says where it comes from, and from another network it
 * takes the strongest proof that the person has.
 */
export function deviceActions(deps: DeviceDeps) {
  const begin = serve(schema.beginDevice, {
    access: "anonymous",
    async run({ db, actor, note }, { publicKey, device }) {
      const key = parsedFor(deps.parsePublicKey, publicKey);
      const address = networkOfActor(actor);
      await makeRoom(db, address);
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
          address,
          expires_at: sql<Date>`now() + make_interval(mins => ${VALID_MINUTES})`,
        })
        .returning(["code", "expires_at as expiresAt"])
        .executeTakeFirstOrThrow();
      note({ device, fingerprint: key.fingerprint });
      return { code, token, path: "/device", expiresAt: expiresAt.toISOString(), pollSeconds: POLL_SECONDS };
    },
  });

  const collect = serve(schema.collectDevice, {
    access: "anonymous",
    async run({ db }, { token }) {
      const row = await asked(db, hashToken(token));
      // Asked every two seconds by nobody known: only what is handed over is written down.
      if (!row)
        throw unaudited(
          new Fault(
            "unauthenticated",
            "The code does not count any more: nobody confirmed it in time, or too many others asked meanwhile. Run it again.",
          ),
        );
      if (row.refused) throw unaudited(new Fault("denied", "The code was refused in the console."));
      if (row.certificate === null || !row.until || row.loginName === null)
        throw unaudited(new Fault("conflict", "Nobody has confirmed the code yet. Ask again.", { state: "waiting" }));
      await db.deleteFrom("device_sign_in").where("id", "=", row.id).execute();
      return { certificate: row.certificate, loginName: row.loginName, expiresAt: row.until.toISOString() };
    },
  });

  const read = serve(schema.readDevice, {
    access: "signed-in",
    async run({ db, actor }, { code }) {
      const found = await waiting(db, code).executeTakeFirst();
      if (!found) throw nothingWaits();
      const limits = await limitsOf({ ...deps, db }, actor.id ?? "");
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
        elsewhere: isElsewhere(address, actor),
        fingerprint,
        askedAt: askedAt.toISOString(),
        hours: limits.certificateHours,
        onlyFromAddress: limits.certificatesOnlyFromAddress,
        organization: org.name,
      };
    },
  });

  const confirm = serve(schema.confirmDevice, {
    access: "signed-in",
    confirm: { level: "sign-in", minutes: FRESH_MINUTES },
    before: async ({ db, actor, now }) => (await offerOf({ ...deps, db }, { actor, now })).level,
    async run({ db, actor, now, about, note, prepared: strongest }, { code }) {
      const session = await sessionOf(db, actor);
      const found = await waiting(db, code).forUpdate().executeTakeFirst();
      if (!found) throw nothingWaits();
      const { device, fingerprint, address, publicKey } = found;
      about({ kind: "ssh-certificate", id: null, name: device || fingerprint });
      const elsewhere = isElsewhere(address, actor);
      // Who has given a second factor at all must have given it just now, also from the same network.
      const level = elsewhere ? strongest : actor.proved?.secondFactor ? "second-factor" : "sign-in";
      mustBeConfirmed({ level, minutes: FRESH_MINUTES }, actor, now);
      const limits = await limitsOf({ ...deps, db }, actor.id ?? "");
      const onlyFrom = networksFor(address, limits.certificatesOnlyFromAddress);
      const { serial, certificate, expiresAt } = await issueCertificate(deps, db, {
        orgId: actor.orgId ?? "",
        user: { id: actor.id ?? "", loginName: session.loginName },
        publicKey,
        fingerprint,
        device,
        address,
        onlyFrom,
        proofs: session.proofs,
        hours: limits.certificateHours,
        now,
      });
      note({ serial, fingerprint, hours: limits.certificateHours, from: address, elsewhere, onlyFrom });
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
    async run({ db, about, note, actor }, { code }) {
      const found = await waiting(db, code).forUpdate().executeTakeFirst();
      if (!found) throw notFound("code");
      about({ kind: "ssh-certificate", id: null, name: found.device || found.fingerprint });
      note({ from: found.address, elsewhere: isElsewhere(found.address, actor) });
      await db.updateTable("device_sign_in").set({ refused: true }).where("id", "=", found.id).execute();
      return {};
    },
  });
  return [begin, collect, read, confirm, refuse];
}

/** A stranger's bad key tells nothing; no event is written of it. */
function parsedFor(parse: ParsePublicKey, text: string): ReturnType<ParsePublicKey> {
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof Fault ? unaudited(error) : error;
  }
}

/** What the confirming person proved; Fault `denied` for whoever has no console session. */
async function sessionOf(db: Db, actor: Actor): Promise<{ proofs: string[]; loginName: string }> {
  const session = await db
    .selectFrom("console_session as s")
    .innerJoin("users as u", "u.id", "s.user_id")
    .select(["s.proofs", "u.login_name as loginName"])
    .where("s.id", "=", actor.signInId)
    .executeTakeFirst();
  if (!session) throw new Fault("denied", "Confirm it in the console, signed in as yourself.");
  return session;
}
