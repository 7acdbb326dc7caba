import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "./canonical.ts";
import { Manifest } from "./schema.ts";

const Signed = z.object({ manifest: Manifest, signature: z.base64().length(88) });
const CONTEXT = "sallyport recording manifest\n";

/** SHA-256 of the Ed25519 public key (SubjectPublicKeyInfo, DER), in hex: names the key a manifest is signed with. */
export const signerOf = (key: KeyObject): string =>
  createHash("sha256")
    .update((key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" }))
    .digest("hex");

/** The manifest as it is stored: canonical JSON of manifest and Ed25519 signature (RFC 8032). */
export function signManifest(manifest: Manifest, signingKey: KeyObject): Buffer {
  const signature = sign(null, Buffer.from(CONTEXT + canonicalJson(manifest)), signingKey).toString("base64");
  return Buffer.from(canonicalJson({ manifest, signature }));
}

export interface ReadManifest {
  readonly manifest: Manifest | null;
  /** What does not fit; empty when signature and form are right. */
  readonly problems: readonly string[];
}

/** Reads a stored manifest. Every byte of it counts: it must be canonical as well as signed. */
export function readManifest(stored: Buffer, publicKey: KeyObject): ReadManifest {
  const text = stored.toString("utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { manifest: null, problems: [`manifest is not JSON: ${(error as Error).message.slice(0, 200)}`] };
  }
  const parsed = Signed.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    return { manifest: null, problems: [`manifest, ${path.join(".")}: ${message}`] };
  }
  const { manifest, signature } = parsed.data;
  const problems: string[] = [];
  if (!Buffer.from(canonicalJson(parsed.data)).equals(stored)) problems.push("manifest is not in canonical form");
  const raw = Buffer.from(signature, "base64");
  const signed = Buffer.from(CONTEXT + canonicalJson(manifest));
  // The unused bits of the last letter count too.
  if (raw.toString("base64") !== signature || !verify(null, signed, publicKey, raw))
    problems.push("manifest signature does not fit");
  else if (manifest.signer !== signerOf(publicKey)) problems.push("manifest names another signing key");
  return { manifest, problems };
}
