import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmod, link, mkdir, open, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/index.ts";

const PRIVATE = "audit.key";
const PUBLIC = "audit.pub";

/** The Ed25519 pair that signs checkpoints and manifests. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key (SubjectPublicKeyInfo, DER) in hex. */
  readonly keyId: string;
}

/** SHA-256 of an Ed25519 public key (SubjectPublicKeyInfo, DER) in hex; of a private key: that of its public half. */
export const keyIdOf = (key: KeyObject): string =>
  createHash("sha256")
    .update((key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" }))
    .digest("hex");

/**
 * The Ed25519 key (RFC 8032) that signs checkpoints and manifests: `audit.key` (PKCS #8, PEM, 0600) in the directory,
 * made at the first start together with `audit.pub`. Two processes that start at once get the same key. Fault
 * `unavailable` when the file cannot be read, is open to others or is not an Ed25519 key.
 */
export async function loadSigningKey(directory: string): Promise<SigningKey> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, PRIVATE);
  const privateKey = (await readPrivate(path)) ?? (await makePrivate(path));
  const publicKey = createPublicKey(privateKey);
  await publish(join(directory, PUBLIC), publicKey);
  return { privateKey, publicKey, keyId: keyIdOf(publicKey) };
}

/** Reads an Ed25519 public key in PEM; Fault `unavailable` when there is none at that path. */
export async function loadPublicKey(path: string): Promise<KeyObject> {
  try {
    const key = createPublicKey(await readFile(path, "utf8"));
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch (error) {
    throw new Fault("unavailable", `No public key can be read from ${path}.`, { path }, error);
  }
  throw new Fault("unavailable", `${path} does not hold an Ed25519 public key.`, { path });
}

async function readPrivate(path: string): Promise<KeyObject | null> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new Fault("unavailable", `The signing key ${path} cannot be read: ${error.code}.`, { path }, error);
  });
  if (!file) return null;
  try {
    if (((await file.stat()).mode & 0o077) !== 0) {
      throw new Fault("unavailable", `The signing key ${path} is open to other users. Run: chmod 600 ${path}`, {
        path,
      });
    }
    return parsePrivate(await file.readFile("utf8"), path);
  } finally {
    await file.close();
  }
}

function parsePrivate(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // The parser's message may quote the file.
  }
  throw new Fault("unavailable", `${path} does not hold an Ed25519 private key in PEM.`, { path });
}

async function makePrivate(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  await placeOnce(path, privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
  const placed = await readPrivate(path);
  if (!placed) throw new Fault("unavailable", `The signing key ${path} vanished while it was made.`, { path });
  return placed;
}

async function publish(path: string, key: KeyObject): Promise<void> {
  const pem = key.export({ type: "spki", format: "pem" });
  if ((await readFile(path, "utf8").catch(() => null)) === pem) return;
  await writeFile(path, pem, { mode: 0o644 });
  await chmod(path, 0o644);
}

/** Writes the whole file under its name, or leaves the one that is there. */
async function placeOnce(path: string, text: string | Buffer, mode: number): Promise<void> {
  const draft = `${path}.${process.pid}.${Date.now()}`;
  const file = await open(draft, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
}
