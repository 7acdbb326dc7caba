import type { Db } from "../../db/index.ts";
import { type Candidate, memberCandidate } from "../login/candidate.ts";
import { isWithin } from "../tokens/networks.ts";

/** A certificate as a client showed it; its authority's signature was verified. */
export interface ShownCertificate {
  readonly serial: bigint;
  readonly principals: readonly string[];
  /** Seconds since 1970. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: ReadonlyMap<string, string>;
  /** SHA-256, of the key it certifies and of the authority's. */
  readonly fingerprint: string;
  readonly authority: string;
}

/** Whom a certificate names, and what was proved when it was issued. */
export interface Certified {
  readonly user: Candidate;
  readonly proofs: readonly string[];
  readonly orgId: string;
  /** Null: made with the authority's key, but not by the gate. */
  readonly serial: number | null;
}

/**
 * Who may come in with the certificate, once they prove that they hold its key; null for nobody. Its authority must be
 * an organization's of the user, its time now, its principal the login name or the user's id; it is refused for any
 * critical option that is not understood here.
 */
export async function certifiedUser(
  db: Db,
  shown: ShownCertificate,
  { loginName, address, now }: { readonly loginName: string; readonly address: string | null; readonly now: Date },
): Promise<Certified | null> {
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  if (seconds < shown.validAfter || seconds >= shown.validBefore) return null;
  for (const [option, value] of shown.criticalOptions) {
    if (option !== "source-address" || !isWithin(address, value.split(","))) return null;
  }
  const authority = await db
    .selectFrom("ssh_authority")
    .select("org_id as orgId")
    .where("fingerprint", "=", shown.authority)
    .executeTakeFirst();
  const user = authority ? await memberCandidate(db, loginName, authority.orgId) : null;
  if (!authority || !user?.mayEnter) return null;
  const names = shown.principals.map((name) => name.toLowerCase());
  if (!names.includes(user.loginName.toLowerCase()) && !names.includes(user.id)) return null;
  const { orgId } = authority;
  // ssh-keygen numbers nothing unless told to; every other number is the gate's own.
  if (shown.serial === 0n) return { user, proofs: ["certificate"], orgId, serial: null };
  const issued = await issuedTo(db, orgId, shown, user.id);
  return issued && { user, proofs: ["certificate", ...issued.proofs], orgId, serial: issued.serial };
}

async function issuedTo(db: Db, orgId: string, { serial, fingerprint }: ShownCertificate, userId: string) {
  if (serial > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const row = await db
    .selectFrom("ssh_certificate")
    .select(["serial", "proofs"])
    .where("org_id", "=", orgId)
    .where("serial", "=", Number(serial))
    .where("user_id", "=", userId)
    .where("fingerprint", "=", fingerprint)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return row ?? null;
}

/** Writes down that the certificate opened the gate. */
export async function noteCertificateUse(db: Db, { user, orgId, serial }: Certified, now: Date): Promise<void> {
  await db.updateTable("users").set({ last_used_at: now }).where("id", "=", user.id).execute();
  if (serial === null) return;
  await db
    .updateTable("ssh_certificate")
    .set({ used_at: now })
    .where("org_id", "=", orgId)
    .where("serial", "=", serial)
    .execute();
}
