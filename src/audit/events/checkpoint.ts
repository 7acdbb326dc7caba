import { type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { keyIdOf, type SigningKey } from "./signing-key.ts";

const Hex = z.string().regex(/^[0-9a-f]*$/);

/** A signed statement: at that moment the chain had that hash at that position. Hash, key and signature in hex; UTC with microseconds. */
export const Checkpoint = z.strictObject({
  position: z.number().int().min(1),
  hash: Hex.length(64),
  at: z.iso.datetime({ precision: 6 }),
  keyId: Hex.length(64),
  signature: Hex.length(128),
});
export type Checkpoint = z.output<typeof Checkpoint>;
type Statement = Omit<Checkpoint, "signature">;

const signedText = ({ position, hash, at, keyId }: Statement): Buffer =>
  Buffer.from(`sallyport audit checkpoint 1\nposition ${position}\nhash ${hash}\nat ${at}\nkey ${keyId}\n`);

/** Signs position and hash of the chain's head (Ed25519, RFC 8032). */
export function signCheckpoint(head: { position: number; hash: Buffer; at: Date }, key: SigningKey): Checkpoint {
  const { position, hash, at } = head;
  const statement = {
    position,
    hash: hash.toString("hex"),
    at: at.toISOString().replace("Z", "000Z"),
    keyId: key.keyId,
  };
  return { ...statement, signature: sign(null, signedText(statement), key.privateKey).toString("hex") };
}

/** What is wrong with a checkpoint under that key; null when the signature fits. */
export function checkpointProblem(checkpoint: Checkpoint, publicKey: KeyObject): string | null {
  const { signature, ...statement } = checkpoint;
  if (verify(null, signedText(statement), publicKey, Buffer.from(signature, "hex"))) return null;
  if (checkpoint.keyId !== keyIdOf(publicKey)) return "it is signed with another key";
  return "the signature does not fit";
}
