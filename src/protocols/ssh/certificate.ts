import { randomBytes } from "node:crypto";
import { fieldReader, string, uint32, uint64 } from "./fields.ts";
import { fingerprintOf, parsePrivateKey, parsePublicKey, wireSignatureHolds } from "./keys.ts";

/** A user certificate whose authority's signature holds. Whether the authority counts here is for others to say. */
export interface Certificate {
  readonly serial: bigint;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970; from `validAfter` on and before `validBefore`. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** Whoever does not know one of them must refuse the certificate. */
  readonly criticalOptions: ReadonlyMap<string, string>;
  /** Of the key that it certifies, and of the authority's. */
  readonly fingerprint: string;
  readonly authority: string;
}

const CERT = "-cert-v01@openssh.com";
const USER = 1;
const LONGEST = 16_384;
const MOST_ITEMS = 100;
/** How many fields the public key has after the nonce. */
const KEY_FIELDS: Record<string, number> = {
  "ssh-ed25519": 1,
  "ssh-rsa": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
};

/** Whether the algorithm of a sign-in request is one of certificates. */
export const isCertificateAlgorithm = (algorithm: string): boolean => algorithm.endsWith(CERT);

/** Of an algorithm in a sign-in request: the certificate's own type, and the only signature that counts with it. */
function kindOf(algorithm: string): { type: string; signature: string } | null {
  const signature = algorithm.slice(0, -CERT.length);
  if (signature === "rsa-sha2-256" || signature === "rsa-sha2-512") return { type: `ssh-rsa${CERT}`, signature };
  return KEY_FIELDS[signature] && signature !== "ssh-rsa" ? { type: algorithm, signature } : null;
}

/**
 * Reads a user certificate (PROTOCOL.certkeys of OpenSSH) and checks its authority's signature. Null: not one, unsound,
 * tampered with, for hosts, signed by a certificate, or of a kind of key that is not accepted.
 *
 *   string type, string nonce, the key's fields, uint64 serial, uint32 kind, string key id, string principals,
 *   uint64 valid after, uint64 valid before, string critical options, string extensions, string reserved,
 *   string authority's key, string signature over all before it
 */
export function parseCertificate(blob: Buffer): { certificate: Certificate; key: Buffer; type: string } | null {
  if (blob.length > LONGEST) return null;
  try {
    const reader = fieldReader(blob);
    const type = reader.string().toString("latin1");
    const plain = type.slice(0, -CERT.length);
    const count = type.endsWith(CERT) ? KEY_FIELDS[plain] : undefined;
    if (!count) return null;
    reader.string();
    const fields = Array.from({ length: count }, () => string(reader.string()));
    const key = Buffer.concat([string(plain), ...fields]);
    const serial = reader.uint64();
    if (reader.uint32() !== USER) return null;
    const keyId = reader.string().toString("utf8");
    const principals = texts(reader.string());
    const validAfter = reader.uint64();
    const validBefore = reader.uint64();
    const criticalOptions = options(reader.string());
    options(reader.string());
    reader.string();
    const authorityKey = reader.string();
    const data = reader.before();
    const signature = reader.string();
    if (!reader.atEnd || !wireSignatureHolds({ blob: authorityKey, data, signature })) return null;
    const fingerprint = fingerprintOf(key);
    const authority = fingerprintOf(authorityKey);
    const certificate = { serial, keyId, principals, validAfter, validBefore, criticalOptions, fingerprint, authority };
    return { certificate, key, type };
  } catch {
    return null;
  }
}

function texts(bytes: Buffer): string[] {
  const reader = fieldReader(bytes);
  const found: string[] = [];
  while (!reader.atEnd) {
    if (found.push(reader.string().toString("utf8")) > MOST_ITEMS) throw new RangeError("Too many names");
  }
  return found;
}

/** Pairs of name and value; a value is a string within a string, or empty for a flag. In order, each once. */
function options(bytes: Buffer): Map<string, string> {
  const reader = fieldReader(bytes);
  const found = new Map<string, string>();
  while (!reader.atEnd) {
    const name = reader.string().toString("utf8");
    const value = reader.string();
    if (found.has(name) || found.size >= MOST_ITEMS) throw new RangeError("A name twice, or too many");
    if (value.length === 0) found.set(name, "");
    else {
      const inner = fieldReader(value);
      found.set(name, inner.string().toString("utf8"));
      if (!inner.atEnd) throw new RangeError("More than one value");
    }
  }
  return found;
}

/** Whether the request's signature over `data` was made with the key that the certificate is for. */
export function certificateProofHolds(request: {
  algorithm: string;
  blob: Buffer;
  data: Buffer;
  signature: Buffer;
}): boolean {
  const kind = kindOf(request.algorithm);
  const parsed = parseCertificate(request.blob);
  if (!kind || parsed?.type !== kind.type) return false;
  const { data, signature } = request;
  return wireSignatureHolds({ blob: parsed.key, data, signature, algorithm: kind.signature });
}

/** The certificate in a sign-in request; null unless it goes with the request's algorithm. */
export function certificateOf(algorithm: string, blob: Buffer): Certificate | null {
  const parsed = parseCertificate(blob);
  return parsed && kindOf(algorithm)?.type === parsed.type ? parsed.certificate : null;
}

const pairs = (items: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(items.flatMap(([name, value]) => [string(name), value === "" ? string("") : string(string(value))]));

/** What a session may do where the certificate is shown to OpenSSH. The gate itself asks its own rules. */
const EXTENSIONS = ["permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"];

/**
 * A user certificate on one line, as `ssh-keygen -s` writes it into id-cert.pub. `authority`: an Ed25519 private key in
 * OpenSSH format. Fault `invalid` for a key that `parsePublicKey` refuses.
 */
export function signCertificate(order: {
  readonly authority: string;
  readonly publicKey: string;
  readonly serial: bigint;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: Date;
  readonly validBefore: Date;
  /** Networks in CIDR notation; empty: from anywhere. */
  readonly addresses?: readonly string[];
}): string {
  const authority = parsePrivateKey(order.authority);
  const key = parsePublicKey(order.publicKey);
  const type = `${key.algorithm}${CERT}`;
  const fields = key.blob.subarray(4 + key.algorithm.length);
  const limits: [string, string][] = order.addresses?.length ? [["source-address", order.addresses.join(",")]] : [];
  const seconds = (at: Date): Buffer => uint64(BigInt(Math.floor(at.getTime() / 1000)));
  const body = Buffer.concat([
    string(type),
    string(randomBytes(32)),
    fields,
    uint64(order.serial),
    uint32(USER),
    string(order.keyId),
    string(Buffer.concat(order.principals.map((name) => string(name)))),
    seconds(order.validAfter),
    seconds(order.validBefore),
    string(pairs(limits)),
    string(pairs(EXTENSIONS.map((name) => [name, ""] as const))),
    string(""),
    string(authority.getPublicSSH()),
  ]);
  const made = authority.sign(body);
  if (made instanceof Error || authority.type !== "ssh-ed25519") throw new Error("The authority's key does not sign");
  const signature = Buffer.concat([string(authority.type), string(made)]);
  return `${type} ${Buffer.concat([body, string(signature)]).toString("base64")}`;
}
