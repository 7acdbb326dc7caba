import { createHash, X509Certificate } from "node:crypto";
import { Fault } from "../../../core/index.ts";
import { isCurrent, isListOf, listsIn, serialOf } from "./crl.ts";
import { Malformed } from "./der.ts";
import { type Fields, fieldsOf } from "./names.ts";

const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

export const refused = (why: string): Fault =>
  new Fault("unauthenticated", `The certificate was refused: ${why}. Choose another one, or ask an administrator.`);

/** Somebody whose certificate counts. */
export interface Certified {
  readonly fields: Fields;
  /** SHA-256 of the authority's public key: it stays when the authority renews its certificate. */
  readonly issuer: string;
}

/**
 * Checks a certificate whose key the browser proved to hold: issued by one of the authorities themselves, valid now, for
 * signing in as a client, and not taken back. What a chain may hold above is checked in the handshake, by OpenSSL. Fault
 * `unauthenticated`.
 */
export function checkCertificate(
  bytes: Buffer,
  trust: { readonly authorities: readonly X509Certificate[]; readonly lists: string; readonly now: Date },
): Certified {
  const { now } = trust;
  const leaf = readCertificate(bytes);
  if (leaf.ca) throw refused("it belongs to an authority, not to a person");
  const issuers = trust.authorities.filter((authority) => isIssuedBy(leaf, authority));
  if (issuers.length === 0) throw refused("its authority is not trusted here");
  if (now < leaf.validFromDate) throw refused("it is not valid yet");
  if (now > leaf.validToDate) throw refused("it has expired");
  const issuer = issuers.find((one) => one.validFromDate <= now && now <= one.validToDate);
  if (!issuer) throw refused("its authority's own certificate has expired");
  if (!(leaf.keyUsage ?? []).includes(CLIENT_AUTH)) throw refused("it is not for signing in (clientAuth)");
  const fields = readFields(leaf);
  if (trust.lists !== "") mustNotBeRevoked(fields, issuers, trust);
  const key = issuer.publicKey.export({ type: "spki", format: "der" });
  return { fields, issuer: `sha256:${createHash("sha256").update(key).digest("hex")}` };
}

function readCertificate(bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw refused("it cannot be read");
  }
}

function isIssuedBy(leaf: X509Certificate, authority: X509Certificate): boolean {
  try {
    return authority.ca && leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
  } catch {
    return false;
  }
}

function readFields({ raw }: X509Certificate): Fields {
  try {
    return fieldsOf(raw);
  } catch (error) {
    if (error instanceof Malformed) throw refused("it cannot be read");
    throw error;
  }
}

/** Without a list that is current nobody can say that a certificate was not taken back. */
function mustNotBeRevoked(
  { serial }: Fields,
  issuers: readonly X509Certificate[],
  { lists, now }: { readonly lists: string; readonly now: Date },
): void {
  const own = (listsIn(lists) ?? []).filter((list) => issuers.some((issuer) => isListOf(list, issuer)));
  if (own.some(({ serials }) => serials.has(serialOf(serial)))) throw refused("its authority took it back");
  if (!own.some((list) => isCurrent(list, now))) {
    throw refused("the list of certificates that its authority took back is out of date");
  }
}
