import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from "node:crypto";
import { Fault } from "../../core/index.ts";
import { fieldReader, string } from "./fields.ts";
import { type ParsedKey, parseKey } from "./wire.ts";

export interface PublicKey {
  /** ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 … */
  readonly algorithm: string;
  /** The whole key on one line, as authorized_keys holds it. */
  readonly line: string;
  /** As OpenSSH prints it: "SHA256:" and 43 characters. */
  readonly fingerprint: string;
  readonly blob: Buffer;
}

const CURVES: Record<string, { curve: string; crv: string; bytes: number; hash: string }> = {
  "ecdsa-sha2-nistp256": { curve: "nistp256", crv: "P-256", bytes: 32, hash: "sha256" },
  "ecdsa-sha2-nistp384": { curve: "nistp384", crv: "P-384", bytes: 48, hash: "sha384" },
  "ecdsa-sha2-nistp521": { curve: "nistp521", crv: "P-521", bytes: 66, hash: "sha512" },
};
const RSA_MIN = 2048;
const RSA_MAX = 16384;
const LONGEST_LINE = 16_384;

const invalid = (words: string) => new Fault("invalid", words);
const notAKey = () =>
  invalid("This is not a public key in OpenSSH format. Paste the line from a file that ends in .pub.");

/** The SHA-256 fingerprint of a key in wire form, as OpenSSH prints it. */
export const fingerprintOf = (blob: Uint8Array): string =>
  `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;

/**
 * Reads one public key line: Ed25519, ECDSA (NIST curves) or RSA from 2,048 bits. Fault `invalid` in plain words for
 * anything else: a private key, DSA, a short RSA key, a certificate, a security key, a broken line. RFC 4253 section 6.6, 5656, 8709.
 */
export function parsePublicKey(text: string): PublicKey {
  const line = text.trim();
  if (line.length > LONGEST_LINE) throw invalid("This is too long for a public key.");
  if (line.includes("PRIVATE KEY-----"))
    throw invalid("This is a private key: keep it secret. Paste the public one, from the file that ends in .pub.");
  if (/[\r\n]/.test(line)) throw invalid("Paste one key, on one line.");
  const [type = "", body = "", ...rest] = line.split(/[ \t]+/);
  refuseKind(type);
  const blob = Buffer.from(body, "base64");
  if (body === "" || blob.toString("base64").replace(/=+$/, "") !== body.replace(/=+$/, "")) throw notAKey();
  if (readBlob(blob).type !== type) throw notAKey();
  const comment = rest
    .join(" ")
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .slice(0, 200);
  return {
    algorithm: type,
    line: [type, blob.toString("base64"), comment].filter(Boolean).join(" "),
    fingerprint: fingerprintOf(blob),
    blob,
  };
}

function refuseKind(type: string): void {
  if (type === "ssh-dss")
    throw invalid("DSA keys are too weak and are not accepted. Make an Ed25519 key: ssh-keygen -t ed25519");
  if (type.includes("-cert-v0")) throw invalid("Certificates are not accepted here. Paste the plain public key.");
  if (type.startsWith("sk-"))
    throw invalid("Keys held in a security token are not accepted yet. Use an Ed25519 key: ssh-keygen -t ed25519");
  if (type !== "ssh-ed25519" && type !== "ssh-rsa" && !CURVES[type]) throw notAKey();
}

/** Reads a key in wire form; Fault `invalid` unless it is sound and strong enough. */
function readBlob(blob: Buffer): { type: string; key: KeyObject } {
  const fields = readStrings(blob);
  const type = fields[0]?.toString("latin1") ?? "";
  refuseKind(type);
  try {
    return { type, key: createPublicKey({ key: toJwk(type, fields), format: "jwk" }) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw notAKey();
  }
}

const base64url = (bytes: Buffer) => bytes.toString("base64url");

function toJwk(type: string, fields: Buffer[]) {
  const [, first, second] = fields;
  if (type === "ssh-ed25519") {
    if (fields.length !== 2 || first?.length !== 32) throw notAKey();
    return { kty: "OKP", crv: "Ed25519", x: base64url(first) };
  }
  if (fields.length !== 3 || !first || !second) throw notAKey();
  const curve = CURVES[type];
  if (curve) {
    if (first.toString("latin1") !== curve.curve || second.length !== 1 + 2 * curve.bytes || second[0] !== 4)
      throw notAKey();
    return {
      kty: "EC",
      crv: curve.crv,
      x: base64url(second.subarray(1, 1 + curve.bytes)),
      y: base64url(second.subarray(1 + curve.bytes)),
    };
  }
  const exponent = unsigned(first);
  const modulus = unsigned(second);
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < RSA_MIN)
    throw invalid(
      `RSA keys below ${RSA_MIN} bits are too weak; this one has ${bits}. Make an Ed25519 key: ssh-keygen -t ed25519`,
    );
  if (bits > RSA_MAX) throw invalid(`RSA keys above ${RSA_MAX} bits are not accepted.`);
  if (
    exponent.length === 0 ||
    exponent.length > 8 ||
    (exponent.at(-1) ?? 0) % 2 === 0 ||
    (exponent.length === 1 && exponent[0] === 1)
  )
    throw notAKey();
  return { kty: "RSA", n: base64url(modulus), e: base64url(exponent) };
}

/** An mpint's magnitude; negative numbers are no key. */
function unsigned(mpint: Buffer): Buffer {
  if (mpint.length === 0 || (mpint[0] ?? 0) & 0x80) throw notAKey();
  let start = 0;
  while (mpint[start] === 0) start += 1;
  return mpint.subarray(start);
}

/** uint32 length and bytes, repeated to the end. */
function readStrings(blob: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length && fields.length < 8) {
    if (at + 4 > blob.length) throw notAKey();
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) throw notAKey();
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** Whether `signature` over `data` was made with the key in `blob`. RSA only with SHA-2; ECDSA signatures in DER. */
export function signatureHolds(signed: {
  blob: Buffer;
  algorithm: string;
  hash: "sha256" | "sha512" | undefined;
  data: Buffer;
  signature: Buffer;
}): boolean {
  try {
    const { type, key } = readBlob(signed.blob);
    if (type !== signed.algorithm) return false;
    if (type === "ssh-ed25519") return verify(null, signed.data, key, signed.signature);
    if (type === "ssh-rsa") return signed.hash !== undefined && verify(signed.hash, signed.data, key, signed.signature);
    return verify(CURVES[type]?.hash, signed.data, { key, dsaEncoding: "der" }, signed.signature);
  } catch {
    return false;
  }
}

/**
 * Whether a signature in wire form (string algorithm, string signature; RFC 4253 section 6.6, 5656 section 3.1.2) over
 * `data` was made with the key in `blob`. RSA only with SHA-2. `algorithm`: the only one that counts.
 */
export function wireSignatureHolds(signed: {
  blob: Buffer;
  data: Buffer;
  signature: Buffer;
  algorithm?: string;
}): boolean {
  try {
    const { type, key } = readBlob(signed.blob);
    const reader = fieldReader(signed.signature);
    const algorithm = reader.string().toString("latin1");
    const signature = reader.string();
    if (!reader.atEnd || (signed.algorithm !== undefined && algorithm !== signed.algorithm)) return false;
    if (type === "ssh-rsa") {
      const hash = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" }[algorithm];
      return hash !== undefined && verify(hash, signed.data, key, signature);
    }
    if (algorithm !== type) return false;
    if (type === "ssh-ed25519") return verify(null, signed.data, key, signature);
    const { hash, bytes } = CURVES[type]!;
    const numbers = fieldReader(signature);
    const plain = Buffer.concat([padded(numbers.string(), bytes), padded(numbers.string(), bytes)]);
    return numbers.atEnd && verify(hash, signed.data, { key, dsaEncoding: "ieee-p1363" }, plain);
  } catch {
    return false;
  }
}

function padded(mpint: Buffer, bytes: number): Buffer {
  const magnitude = unsigned(mpint);
  if (magnitude.length > bytes) throw notAKey();
  return Buffer.concat([Buffer.alloc(bytes - magnitude.length), magnitude]);
}

/** A private key of an account or host; Faults `invalid`: not a key, encrypted without or with a wrong passphrase, DSA, short RSA. */
export function parsePrivateKey(text: string, passphrase?: string): ParsedKey {
  const trimmed = `${text.trim()}\n`;
  const found = /BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(trimmed)
    ? parsePkcs8(trimmed, passphrase)
    : parseKey(trimmed, passphrase || undefined);
  const key = Array.isArray(found) ? found[0] : found;
  if (!key || key instanceof Error) throw privateKeyFault(key?.message ?? "", Boolean(passphrase));
  if (!key.isPrivateKey()) throw invalid("This is a public key. Paste the private one.");
  readBlob(key.getPublicSSH());
  return key;
}

function privateKeyFault(reason: string, hadPassphrase: boolean): Fault {
  if (/no passphrase given|passphrase required/i.test(reason))
    return invalid("The private key is encrypted. Give its passphrase.");
  if (hadPassphrase && /bad passphrase|integrity check|decrypt|malformed|asn|expected/i.test(reason))
    return invalid("The passphrase does not open this private key.");
  return invalid("This is not a private key in OpenSSH, PEM or PuTTY format.");
}

function parsePkcs8(pem: string, passphrase: string | undefined): ParsedKey | ParsedKey[] | Error {
  if (pem.includes("ENCRYPTED") && !passphrase) return new Error("no passphrase given");
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase ? { passphrase } : {}) });
    if (key.asymmetricKeyType === "ed25519") return parseKey(opensshEd25519(key, ""));
    return parseKey(key.export({ format: "pem", type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1" }));
  } catch (error) {
    return error instanceof Error ? error : new Error("unreadable");
  }
}

/** The public half of a private key. */
export function publicKeyOf(privateKey: string, passphrase?: string): PublicKey {
  const key = parsePrivateKey(privateKey, passphrase);
  return parsePublicKey(`${key.type} ${key.getPublicSSH().toString("base64")} ${key.comment ?? ""}`);
}

/** A new Ed25519 key pair: the private key in OpenSSH format (not encrypted), the public one as a line. */
export function generateKeyPair(comment = ""): { privateKey: string; publicKey: PublicKey } {
  const privateKey = opensshEd25519(generateKeyPairSync("ed25519").privateKey, comment);
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** openssh-key-v1 (PROTOCOL.key of OpenSSH): magic, cipher, kdf, options, count, public, private with padding 1 2 3 … */
function opensshEd25519(key: KeyObject, comment: string): string {
  const jwk = key.export({ format: "jwk" });
  const point = Buffer.from(jwk.x ?? "", "base64url");
  const seed = Buffer.from(jwk.d ?? "", "base64url");
  const kind = string("ssh-ed25519");
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    kind,
    string(point),
    string(Buffer.concat([seed, point])),
    string(comment),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const one = Buffer.from([0, 0, 0, 1]);
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    one,
    string(Buffer.concat([kind, string(point)])),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
