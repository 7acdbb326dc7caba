import { type KeyObject, verify, type X509Certificate } from "node:crypto";
import { elementsOf, extensionsOf, Malformed, momentOf, oidOf, TAG, take, whole } from "./der.ts";
import { fieldsOf } from "./names.ts";

/** A list of certificates that an authority took back (RFC 5280, section 5); its signature is not checked yet. */
interface RevocationList {
  readonly issuer: Buffer;
  readonly from: Date;
  readonly until: Date;
  readonly serials: ReadonlySet<string>;
  readonly signed: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;
const EXTENSIONS = 0xa0;
const NO_SERIALS: ReadonlySet<string> = new Set();

/** Without what only fills up. */
export const serialOf = (body: Buffer): string => body.toString("hex").replace(/^(00)+(?=.)/, "");

/** The lists of a PEM text; null when something in it is none that can be used: a part of a list, an indirect one. */
export function listsIn(text: string): RevocationList[] | null {
  const found = [...text.matchAll(PEM)];
  if (found.length === 0 || text.replace(PEM, "").includes("-----BEGIN")) return null;
  try {
    return found.map(([, base64 = ""]) => listOf(Buffer.from(base64, "base64")));
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/*
 * CertificateList: { tbsCertList, signatureAlgorithm, signature BIT STRING }
 * tbsCertList: { version OPTIONAL, signatureAlgorithm, issuer, thisUpdate, nextUpdate, revoked OPTIONAL, [0] extensions OPTIONAL }
 */
function listOf(bytes: Buffer): RevocationList {
  const outer = elementsOf(whole(bytes, TAG.sequence).body);
  const list = take(outer, TAG.sequence);
  const algorithm = take(outer, TAG.sequence);
  const signature = take(outer, TAG.bits).body;
  if (!outer.next().done || signature[0] !== 0) throw new Malformed();
  const rest = [...elementsOf(list.body)];
  const version = rest[0]?.tag === TAG.integer ? rest.shift() : undefined;
  if (version && !version.body.equals(Buffer.of(1))) throw new Malformed();
  const [inner, issuer, from, until] = rest.splice(0, 4);
  if (!inner?.raw.equals(algorithm.raw) || issuer?.tag !== TAG.sequence || !from || !until) throw new Malformed();
  const revoked = rest[0]?.tag === TAG.sequence ? rest.shift() : undefined;
  const extensions = rest.shift();
  if (rest.length > 0 || (extensions && extensions.tag !== EXTENSIONS)) throw new Malformed();
  // A critical extension says that the list is a part, or for another authority's certificates.
  if (extensions && extensionsOf(extensions).some(({ critical }) => critical)) throw new Malformed();
  return {
    issuer: issuer.raw,
    from: momentOf(from),
    until: momentOf(until),
    serials: revoked ? serialsOf(revoked.body) : NO_SERIALS,
    signed: list.raw,
    algorithm: oidOf(take(elementsOf(algorithm.body), TAG.oid)),
    signature: signature.subarray(1),
  };
}

function serialsOf(body: Buffer): Set<string> {
  const serials = new Set<string>();
  for (const entry of elementsOf(body)) {
    const [serial, moment, extensions, ...more] = elementsOf(entry.body);
    if (entry.tag !== TAG.sequence || serial?.tag !== TAG.integer || !moment || more.length > 0) throw new Malformed();
    const wrapped = extensions && { ...extensions, body: extensions.raw };
    if (wrapped && extensionsOf(wrapped).some(({ critical }) => critical)) throw new Malformed();
    serials.add(serialOf(serial.body));
  }
  return serials;
}

const ALGORITHMS: Readonly<Record<string, readonly [key: string, hash: string | null]>> = {
  "1.2.840.113549.1.1.11": ["rsa", "sha256"],
  "1.2.840.113549.1.1.12": ["rsa", "sha384"],
  "1.2.840.113549.1.1.13": ["rsa", "sha512"],
  "1.2.840.10045.4.3.2": ["ec", "sha256"],
  "1.2.840.10045.4.3.3": ["ec", "sha384"],
  "1.2.840.10045.4.3.4": ["ec", "sha512"],
  "1.3.101.112": ["ed25519", null],
};

/** Whether the authority made the list: its name, its right to sign lists, its signature. */
export function isListOf(list: RevocationList, authority: X509Certificate): boolean {
  const key: KeyObject = authority.publicKey;
  const [type, hash = null] = ALGORITHMS[list.algorithm] ?? [];
  if (key.asymmetricKeyType !== type) return false;
  try {
    const { subject, signsLists } = fieldsOf(authority.raw);
    return list.issuer.equals(subject) && signsLists && verify(hash, list.signed, key, list.signature);
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** Whether the list counts now. */
export const isCurrent = ({ from, until }: RevocationList, now: Date): boolean => from <= now && now < until;
