import { isIP } from "node:net";
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { sql } from "kysely";
import { z } from "zod";
import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { Challenge } from "./factor.ts";

const PATIENCE_MS = 5 * 60_000;
const PRODUCT = "Sallyport";

/** Where the console is reached; passkeys are bound to the host name. */
interface Party {
  readonly origin: string;
  readonly host: string;
}

/** Whether browsers know passkeys at an origin: under a host name, not under an address. */
export function knowsPasskeys(origin: string | null): origin is string {
  const host = origin === null ? "" : new URL(origin).hostname;
  return host !== "" && isIP(host) === 0 && !host.startsWith("[");
}

/** The party at an origin that was checked; Fault `invalid` where browsers know no passkeys. */
function partyAt(origin: string | null): Party {
  if (!knowsPasskeys(origin))
    throw new Fault("invalid", "Passkeys work under a host name only. Open the console by its name in a browser.");
  return { origin, host: new URL(origin).hostname };
}

const Memory = z.object({ challenge: z.string() });

const challengeOf = (memory: unknown): string | null => Memory.safeParse(memory).data?.challenge ?? null;

const Response = z.looseObject({
  id: z.string().max(4096),
  response: z.looseObject({ clientDataJSON: z.string(), userHandle: z.string().nullish() }),
});

function parsed(answer: string): z.output<typeof Response> | null {
  try {
    return Response.safeParse(JSON.parse(answer)).data ?? null;
  } catch {
    return null;
  }
}

/** The id of the passkey that an answer names; empty when it names none. */
export const passkeyNamed = (answer: string): string => parsed(answer)?.id ?? "";

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll("-", ""), "hex");

interface Known {
  readonly credential_id: Buffer;
  readonly transports: string[];
}

const known = (db: Db, userId: string, host?: string): Promise<Known[]> => {
  const query = db.selectFrom("passkey").select(["credential_id", "transports"]).where("user_id", "=", userId);
  return (host === undefined ? query : query.where("host", "=", host)).limit(100).execute();
};

const named = (passkeys: readonly Known[]) =>
  passkeys.map(({ credential_id, transports }) => ({ id: credential_id.toString("base64url"), transports }));

/** Whether the person has a passkey, under whatever host name. */
export async function hasPasskey(db: Db, userId: string): Promise<boolean> {
  const row = await db.selectFrom("passkey").select("id").where("user_id", "=", userId).limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Asks for one of the user's passkeys, or, of null, for any that names its user itself and verifies who holds it. */
export async function askForProof(db: Db, at: { origin: string | null; userId: string | null }): Promise<Challenge> {
  const { host } = partyAt(at.origin);
  const passkeys = at.userId === null ? [] : await known(db, at.userId, host);
  if (at.userId !== null && passkeys.length === 0) throw await elsewhere(db, at.userId);
  const publicKey = await generateAuthenticationOptions({
    rpID: host,
    allowCredentials: named(passkeys),
    userVerification: at.userId === null ? "required" : "preferred",
    timeout: PATIENCE_MS,
  });
  return { shown: { publicKey }, memory: { challenge: publicKey.challenge } };
}

async function elsewhere(db: Db, userId: string): Promise<Fault> {
  const row = await db.selectFrom("passkey").select("host").where("user_id", "=", userId).limit(1).executeTakeFirst();
  return new Fault("invalid", `Your passkeys belong to ${row?.host ?? "no host name"}. Open the console by that name.`);
}

/**
 * Whose passkey signed the challenge, and null for anything else: another origin, another challenge, another user's,
 * a counter that went back. `userId` null: it stands alone, so it must have verified who holds it and name its user.
 */
export async function checkProof(
  db: Db,
  at: { origin: string | null; userId: string | null; answer: string; memory: unknown },
): Promise<{ readonly userId: string } | null> {
  const { origin, host } = partyAt(at.origin);
  const challenge = challengeOf(at.memory);
  const response = parsed(at.answer);
  if (!challenge || !response) return null;
  const passkey = await db
    .selectFrom("passkey")
    .select(["id", "user_id", "public_key", "counter", "transports"])
    .where("credential_id", "=", Buffer.from(response.id, "base64url"))
    .executeTakeFirst();
  if (!passkey || (at.userId !== null && passkey.user_id !== at.userId)) return null;
  const { userHandle } = response.response;
  const mine = bytesOf(passkey.user_id).toString("base64url");
  if (userHandle ? userHandle !== mine : at.userId === null) return null;
  const checked = await verifyAuthenticationResponse({
    response: response as unknown as AuthenticationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: host,
    requireUserVerification: at.userId === null,
    credential: {
      id: response.id,
      publicKey: new Uint8Array(passkey.public_key),
      counter: Number(passkey.counter),
      transports: passkey.transports,
    },
  }).catch(() => null);
  if (!checked?.verified) return null;
  const counted = await countUse(db, passkey.id, checked.authenticationInfo.newCounter);
  return counted ? { userId: passkey.user_id } : null;
}

/** A counter only ever goes forward, also when two proofs arrive at once; authenticators without one always say 0. */
async function countUse(db: Db, id: string, counter: number): Promise<boolean> {
  const done = await sql`update passkey set counter = ${counter}::bigint, used_at = now()
    where id = ${id} and (counter < ${counter}::bigint or (counter = 0 and ${counter}::bigint = 0))`.execute(db);
  return done.numAffectedRows === 1n;
}

/** Asks an authenticator to make a passkey for the user, unless it holds one already. */
export async function askForPasskey(
  db: Db,
  at: { origin: string | null; user: { readonly id: string; readonly loginName: string; readonly name: string } },
): Promise<Challenge> {
  const { host } = partyAt(at.origin);
  const publicKey = await generateRegistrationOptions({
    rpName: PRODUCT,
    rpID: host,
    userID: new Uint8Array(bytesOf(at.user.id)),
    userName: at.user.loginName,
    userDisplayName: at.user.name,
    attestationType: "none",
    excludeCredentials: named(await known(db, at.user.id, host)),
    authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
    timeout: PATIENCE_MS,
  });
  return { shown: { publicKey }, memory: { challenge: publicKey.challenge } };
}

/** A passkey that an authenticator made for the challenge, as a row; null for anything else. */
export async function checkPasskey(at: { origin: string | null; answer: string; memory: unknown }) {
  const { origin, host } = partyAt(at.origin);
  const challenge = challengeOf(at.memory);
  const response = parsed(at.answer) as unknown as RegistrationResponseJSON | null;
  if (!challenge || !response) return null;
  const checked = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: host,
    requireUserVerification: false,
  }).catch(() => null);
  if (!checked?.verified) return null;
  const { credential, userVerified } = checked.registrationInfo;
  const discoverable = response.clientExtensionResults?.credProps?.rk !== false;
  return {
    host,
    credential_id: Buffer.from(credential.id, "base64url"),
    public_key: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: (credential.transports ?? []).slice(0, 10),
    verifies_user: userVerified && discoverable,
  };
}
