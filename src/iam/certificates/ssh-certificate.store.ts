import { sql } from "kysely";
import { type Db, page, type Sealer } from "../../db/index.ts";
import type { SshCertificate } from "../schema.ts";

/** What the SSH library does for certificates; handed in where the program is wired. */
export interface CertificateMaker {
  /** A new Ed25519 key pair: the private key in OpenSSH format. */
  generateKeyPair(comment?: string): {
    readonly privateKey: string;
    readonly publicKey: { readonly line: string; readonly fingerprint: string };
  };
  /** The certificate on one line. */
  signCertificate(order: {
    readonly authority: string;
    readonly publicKey: string;
    readonly serial: bigint;
    readonly keyId: string;
    readonly principals: readonly string[];
    readonly validAfter: Date;
    readonly validBefore: Date;
    /** Networks in CIDR notation; empty: from anywhere. */
    readonly addresses?: readonly string[];
  }): string;
}

const sealedAs = (orgId: string): string => `ssh_authority:${orgId}`;

export interface Authority {
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
}

export async function findAuthority(db: Db, orgId: string): Promise<Authority | null> {
  const row = await db
    .selectFrom("ssh_authority")
    .select(["public_key as publicKey", "fingerprint", "created_at as createdAt"])
    .where("org_id", "=", orgId)
    .executeTakeFirst();
  return row ?? null;
}

/** The organization's authority; made when it is needed first. */
export async function authorityOf(
  { sealer, maker }: { readonly sealer: Sealer; readonly maker: CertificateMaker },
  db: Db,
  orgId: string,
): Promise<Authority> {
  const known = await findAuthority(db, orgId);
  if (known) return known;
  const { privateKey, publicKey } = maker.generateKeyPair();
  await db
    .insertInto("ssh_authority")
    .values({
      org_id: orgId,
      public_key: publicKey.line,
      fingerprint: publicKey.fingerprint,
      private_key: sealer.seal(privateKey, sealedAs(orgId)),
    })
    .onConflict((conflict) => conflict.column("org_id").doNothing())
    .execute();
  const made = await findAuthority(db, orgId);
  if (!made) throw new Error("An authority that was just made is not there");
  return made;
}

const EARLIER_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Certifies a key for a user; a minute back, for clocks that are behind. In a transaction. */
export async function issueCertificate(
  deps: { readonly sealer: Sealer; readonly maker: CertificateMaker },
  db: Db,
  order: {
    readonly orgId: string;
    readonly user: { readonly id: string; readonly loginName: string };
    readonly publicKey: string;
    readonly fingerprint: string;
    readonly device: string;
    readonly address: string | null;
    /** Networks that it counts from; empty: any. */
    readonly onlyFrom: readonly string[];
    readonly proofs: readonly string[];
    readonly hours: number;
    readonly now: Date;
  },
): Promise<{ serial: number; certificate: string; expiresAt: Date }> {
  await authorityOf(deps, db, order.orgId);
  const { rows } = await sql<{ serial: number; sealed: Buffer }>`
    update ssh_authority set next_serial = next_serial + 1 where org_id = ${order.orgId}
    returning next_serial - 1 as serial, private_key as sealed`.execute(db);
  const { serial, sealed } = rows[0]!;
  const expiresAt = new Date(order.now.getTime() + order.hours * HOUR_MS);
  const certificate = deps.maker.signCertificate({
    authority: deps.sealer.open(sealed, sealedAs(order.orgId)).toString(),
    publicKey: order.publicKey,
    serial: BigInt(serial),
    keyId: `sallyport:${order.user.loginName}:${serial}`,
    principals: [order.user.loginName, order.user.id],
    validAfter: new Date(order.now.getTime() - EARLIER_MS),
    validBefore: expiresAt,
    addresses: order.onlyFrom,
  });
  await db
    .insertInto("ssh_certificate")
    .values({
      org_id: order.orgId,
      serial,
      user_id: order.user.id,
      fingerprint: order.fingerprint,
      device: order.device,
      address: order.address,
      proofs: [...order.proofs],
      issued_at: order.now,
      expires_at: expiresAt,
    })
    .execute();
  return { serial, certificate, expiresAt };
}

/** A user's certificates, of one organization or of all, oldest first. */
export async function listCertificates(
  db: Db,
  { userId, orgId }: { readonly userId: string; readonly orgId?: string },
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
) {
  let query = db
    .selectFrom("ssh_certificate as c")
    .innerJoin("organization as o", "o.id", "c.org_id")
    .where("c.user_id", "=", userId)
    .select([
      sql<string>`c.serial::text`.as("serial"),
      "c.org_id as orgId",
      "o.name as orgName",
      "c.fingerprint",
      "c.device",
      "c.address",
      "c.proofs",
      "c.issued_at as issuedAt",
      "c.expires_at as expiresAt",
      "c.used_at as usedAt",
      sql<
        SshCertificate["state"]
      >`case when c.revoked_at is not null then 'revoked' when c.expires_at <= now() then 'expired' else 'valid' end`.as(
        "state",
      ),
    ]);
  if (orgId) query = query.where("c.org_id", "=", orgId);
  const found = await page(query, { by: "c.issued_at", id: "c.fingerprint", direction: "desc", limit, cursor });
  const items = found.items.map(
    ({ orgId: id, orgName: name, issuedAt, expiresAt, usedAt, ...row }): SshCertificate => ({
      ...row,
      organization: { id, name },
      issuedAt: issuedAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      usedAt: usedAt?.toISOString() ?? null,
    }),
  );
  return { ...found, items };
}

/** Revokes one certificate of a user, or all; what they opened ends. Returns how many were good until now. */
export async function revokeCertificates(
  db: Db,
  userId: string,
  which?: { readonly orgId: string; readonly serial: string },
): Promise<number> {
  let query = db
    .updateTable("ssh_certificate")
    .set({ revoked_at: sql`now()` })
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null);
  if (which) query = query.where("org_id", "=", which.orgId).where("serial", "=", Number(which.serial));
  return Number((await query.executeTakeFirst()).numUpdatedRows);
}

/** Removes what has been useless for a month. */
export async function tidyCertificates(db: Db): Promise<void> {
  await sql`delete from ssh_certificate where expires_at < now() - interval '30 days'`.execute(db);
  await sql`delete from device_sign_in where expires_at < now()`.execute(db);
}
