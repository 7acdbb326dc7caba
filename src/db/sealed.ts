import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { Fault } from "../core/index.ts";

/**
 * A sealed value, version 1 (AES-256-GCM, NIST SP 800-38D; the key is wrapped so that a rotation of the master key
 * does not touch the text):
 *
 *   0   1  version, 0x01
 *   1   8  id of the master key: first bytes of SHA-256("sallyport master key id" ‖ key)
 *   9  12  nonce of the wrapping
 *  21  48  data key, wrapped by the master key: 32 bytes and the tag of 16; AAD: bytes 0-8 ‖ context
 *  69  12  nonce of the text
 *  81   n  text, encrypted by the data key
 *  81+n 16 tag; AAD: byte 0 ‖ context
 */
const VERSION = 1;
const KEY_BYTES = 32;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD = 1 + ID_BYTES;
const WRAP_END = HEAD + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const SHORTEST = WRAP_END + NONCE_BYTES + TAG_BYTES;
const LONGEST_TEXT = 1 << 20;

/** Encrypts what must not be read from the database alone: our own settings, local credentials. */
export interface Sealer {
  /**
   * Encrypts up to 1 MiB. `context` says what the value is and where it stands ("account.secret:ROW-ID"): a value
   * moved elsewhere does not open. Throws RangeError for an empty context or a text that is too long.
   */
  seal(plaintext: Buffer | string, context: string): Buffer;
  /** The plaintext; Fault `unavailable` when the master key is not loaded, the value was altered or moved. */
  open(sealed: Buffer, context: string): Buffer;
  /** The same value under the current master key; refuses what `open` refuses, but does not see the text. */
  rewrap(sealed: Buffer, context: string): Buffer;
  /** Whether the value is wrapped by the current master key. */
  isCurrent(sealed: Buffer): boolean;
}

/** Seals and opens column values. New values use the `current` master key; `previous` ones still open. */
export function createSealer(deps: {
  readonly masterKeys: { readonly current: Buffer; readonly previous?: readonly Buffer[] };
}): Sealer {
  const { current, previous = [] } = deps.masterKeys;
  const keys = new Map([current, ...previous].map((key) => [keyId(key).toString("hex"), key]));
  const currentId = keyId(current);

  function unwrap(sealed: Buffer, context: string): Buffer {
    if (sealed.length < SHORTEST || sealed[0] !== VERSION) throw damaged();
    const master = keys.get(sealed.toString("hex", 1, HEAD));
    if (!master) throw unknownKey();
    return decrypt(master, sealed.subarray(HEAD, WRAP_END), [sealed.subarray(0, HEAD), context]);
  }

  function wrap(dataKey: Buffer, context: string): Buffer {
    const head = Buffer.concat([Buffer.of(VERSION), currentId]);
    return Buffer.concat([head, encrypt(current, dataKey, [head, context])]);
  }

  return {
    seal(plaintext, context) {
      const text = Buffer.from(plaintext as string);
      if (context === "") throw new RangeError("A sealed value needs a context");
      if (text.length > LONGEST_TEXT) throw new RangeError("The value is too long to be sealed");
      const dataKey = randomBytes(KEY_BYTES);
      const sealed = Buffer.concat([wrap(dataKey, context), encrypt(dataKey, text, [Buffer.of(VERSION), context])]);
      dataKey.fill(0);
      text.fill(0);
      return sealed;
    },
    open(sealed, context) {
      const dataKey = unwrap(sealed, context);
      try {
        return decrypt(dataKey, sealed.subarray(WRAP_END), [Buffer.of(VERSION), context]);
      } finally {
        dataKey.fill(0);
      }
    },
    rewrap(sealed, context) {
      const dataKey = unwrap(sealed, context);
      const rewrapped = Buffer.concat([wrap(dataKey, context), sealed.subarray(WRAP_END)]);
      dataKey.fill(0);
      return rewrapped;
    },
    isCurrent: (sealed) => sealed.subarray(1, HEAD).equals(currentId),
  };
}

function keyId(key: Buffer): Buffer {
  if (key.length !== KEY_BYTES) throw new RangeError(`A master key has ${KEY_BYTES} bytes`);
  return createHash("sha256").update("sallyport master key id").update(key).digest().subarray(0, ID_BYTES);
}

type Bound = readonly [head: Buffer, context: string];

const bind = ([head, context]: Bound): Buffer => Buffer.concat([head, Buffer.from(context)]);

/** nonce ‖ ciphertext ‖ tag */
function encrypt(key: Buffer, text: Buffer, bound: Bound): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bind(bound));
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, box: Buffer, bound: Bound): Buffer {
  const end = box.length - TAG_BYTES;
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(bind(bound))
    .setAuthTag(box.subarray(end));
  const text = decipher.update(box.subarray(NONCE_BYTES, end));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch {
    throw damaged();
  } finally {
    text.fill(0);
  }
}

const damaged = (): Fault =>
  new Fault("unavailable", "A sealed value does not open: it was altered, or belongs to another row.");

const unknownKey = (): Fault =>
  new Fault(
    "unavailable",
    "A sealed value needs a master key that is not loaded. Start with the master key this database was made with.",
  );
