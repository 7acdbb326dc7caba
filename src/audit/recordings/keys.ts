import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { canonicalJson } from "./canonical.ts";
import type { RecordingHeader } from "./schema.ts";

/** Wraps a data key; `context` ties the result to one recording. As db's sealed columns do it. */
export type Wrap = (key: Buffer, context: string) => Uint8Array | Promise<Uint8Array>;
/** Undoes `Wrap`; throws when the key or the context does not fit. */
export type Unwrap = (wrapped: Buffer, context: string) => Uint8Array | Promise<Uint8Array>;

/** One key per use, so that no nonce of one use can meet a nonce of another. */
export interface RecordingKeys {
  readonly spool: KeyObject;
  readonly segment: KeyObject;
  readonly index: KeyObject;
  readonly journal: KeyObject;
  /** Where the hash chain starts. Keyed, or the published end of a tiny recording could be guessed. */
  readonly start: Buffer;
}

/** The context a recording's data key is wrapped in. */
export const keyContext = (id: string): string => `recording:${id}`;

/** Derives all keys from the data key; those the writer does not need only when asked for (20 µs each). */
export function deriveKeys(dataKey: Uint8Array, id: string, header: RecordingHeader): RecordingKeys {
  if (dataKey.length !== 32) throw new Error("A recording's data key has 32 bytes");
  const derive = (use: string) => createSecretKey(Buffer.from(hkdfSync("sha256", dataKey, id, `sallyport ${use}`, 32)));
  const known = new Map<string, KeyObject>();
  const lazily = (use: string): KeyObject => {
    const key = known.get(use) ?? derive(use);
    known.set(use, key);
    return key;
  };
  return {
    spool: derive("spool"),
    start: createHmac("sha256", derive("chain")).update(canonicalJson({ header, id })).digest(),
    get segment() {
      return lazily("segment");
    },
    get index() {
      return lazily("index");
    },
    get journal() {
      return lazily("journal");
    },
  };
}

/** Nonce of 12 random bytes, ciphertext, tag of 16 bytes: AES-256-GCM. */
export function seal(key: KeyObject, context: string, ...parts: Buffer[]): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
  const body = parts.map((part) => cipher.update(part));
  cipher.final();
  return Buffer.concat([nonce, ...body, cipher.getAuthTag()]);
}

/** Undoes `seal`; throws when one bit differs or the context is another. */
export function unseal(key: KeyObject, context: string, box: Buffer): Buffer {
  if (box.length < 28) throw new Error("too short");
  const open = createDecipheriv("aes-256-gcm", key, box.subarray(0, 12), { authTagLength: 16 });
  open.setAAD(Buffer.from(context)).setAuthTag(box.subarray(-16));
  const body = open.update(box.subarray(12, -16));
  open.final();
  return body;
}
