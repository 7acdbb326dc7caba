import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * A packet of RADIUS, RFC 2865 section 3:
 *
 *   0   1  code
 *   1   1  identifier
 *   2   2  length of the whole
 *   4  16  authenticator
 *  20   n  attributes: type, length with these two bytes, value
 */
const HEAD = 20;
const LONGEST = 4096;
const LONGEST_VALUE = 253;
const LONGEST_PASSWORD = 128;

const CODES = { accept: 2, reject: 3, challenge: 11 } as const;

const TYPE = {
  userName: 1,
  userPassword: 2,
  filterId: 11,
  replyMessage: 18,
  state: 24,
  class: 25,
  nasIdentifier: 32,
  nasPortType: 61,
  messageAuthenticator: 80,
} as const;
/** Nobody dials in over a modem: RFC 2865 section 5.41. */
const VIRTUAL_PORT = 5;

/** A request as it goes out; `authenticator` is what the answer is proved against. */
export interface Request {
  readonly bytes: Buffer;
  readonly authenticator: Buffer;
  readonly identifier: number;
}

export interface Reply {
  readonly says: keyof typeof CODES;
  /** For the person. */
  readonly message: string;
  /** Comes back with the answer to a challenge. */
  readonly state: Buffer | null;
  readonly classes: readonly string[];
  readonly filterIds: readonly string[];
}

/** Whether a password can be sent as it is: the packet pads it with NUL, so that one could not be told from it. */
export const fits = (password: string): boolean =>
  password !== "" && !password.includes("\0") && Buffer.byteLength(password) <= LONGEST_PASSWORD;

/** Whether a name can be: servers read it up to a NUL, and would take one person for another. */
export const fitsName = (name: string): boolean =>
  name !== "" && !/\p{Cc}/u.test(name) && Buffer.byteLength(name) <= LONGEST_VALUE;

/** An Access-Request. The Message-Authenticator stands first, so that nothing can be put before it. */
export function accessRequest(ask: {
  readonly userName: string;
  readonly password: string;
  readonly secret: string;
  readonly nasIdentifier: string;
  readonly state: Buffer | null;
}): Request {
  const authenticator = randomBytes(16);
  const [identifier = 0] = randomBytes(1);
  const attributes = Buffer.concat([
    attribute(TYPE.messageAuthenticator, Buffer.alloc(16)),
    attribute(TYPE.userName, Buffer.from(ask.userName)),
    attribute(TYPE.userPassword, hidden(Buffer.from(ask.password), ask.secret, authenticator)),
    attribute(TYPE.nasIdentifier, Buffer.from(ask.nasIdentifier)),
    attribute(TYPE.nasPortType, Buffer.of(0, 0, 0, VIRTUAL_PORT)),
    ...(ask.state ? [attribute(TYPE.state, ask.state)] : []),
  ]);
  const bytes = Buffer.concat([Buffer.alloc(HEAD), attributes]);
  bytes[0] = 1;
  bytes[1] = identifier;
  bytes.writeUInt16BE(bytes.length, 2);
  authenticator.copy(bytes, 4);
  createHmac("md5", ask.secret)
    .update(bytes)
    .digest()
    .copy(bytes, HEAD + 2);
  return { bytes, authenticator, identifier };
}

function attribute(type: number, value: Buffer): Buffer {
  if (value.length === 0 || value.length > LONGEST_VALUE)
    throw new RangeError("An attribute of RADIUS has 1 to 253 bytes");
  return Buffer.concat([Buffer.of(type, value.length + 2), value]);
}

/** RFC 2865 section 5.2: each block is mixed with MD5(secret ‖ the block before), the first one with the authenticator. */
function hidden(password: Buffer, secret: string, authenticator: Buffer): Buffer {
  const padded = Buffer.alloc(Math.max(16, Math.ceil(password.length / 16) * 16));
  password.copy(padded);
  let before = authenticator;
  for (let at = 0; at < padded.length; at += 16) {
    const mask = createHash("md5").update(secret).update(before).digest();
    for (let place = 0; place < 16; place++) padded[at + place]! ^= mask[place]!;
    before = padded.subarray(at, at + 16);
  }
  return padded;
}

/** Why a packet counts for nothing. */
export type Flaw = "not an answer to this request" | "not signed with the secret" | "without Message-Authenticator";

/**
 * The answer to a request, if it is proved to be one: Response Authenticator (RFC 2865 section 3) and
 * Message-Authenticator (RFC 3579 section 3.2), both compared in constant time. Without the second an answer can be
 * forged (CVE-2024-3596); `demand` false lets old servers go without it, but never with a wrong one.
 */
export function readReply(bytes: Buffer, request: Request, secret: string, demand: boolean): Reply | Flaw {
  const attributes = attributesOf(bytes);
  const says = (Object.keys(CODES) as (keyof typeof CODES)[]).find((name) => CODES[name] === bytes[0]);
  if (!attributes || !says || bytes[1] !== request.identifier) return "not an answer to this request";
  const own = bytes.subarray(0, bytes.readUInt16BE(2));
  const expected = createHash("md5")
    .update(own.subarray(0, 4))
    .update(request.authenticator)
    .update(own.subarray(HEAD))
    .update(secret)
    .digest();
  if (!timingSafeEqual(expected, own.subarray(4, HEAD))) return "not signed with the secret";
  const signatures = attributes.filter(({ type }) => type === TYPE.messageAuthenticator);
  if (signatures.length === 0 && demand) return "without Message-Authenticator";
  if (signatures.some((one) => !isSigned(own, one, request, secret))) return "not signed with the secret";
  const of = (type: number): Buffer[] => attributes.filter((one) => one.type === type).map(({ value }) => value);
  return {
    says,
    message: textOf(of(TYPE.replyMessage)).slice(0, 1000),
    state: of(TYPE.state)[0] ?? null,
    classes: of(TYPE.class).map((value) => textOf([value])),
    filterIds: of(TYPE.filterId).map((value) => textOf([value])),
  };
}

interface Attribute {
  readonly type: number;
  /** Where the value begins. */
  readonly at: number;
  readonly value: Buffer;
}

function isSigned(packet: Buffer, { at, value }: Attribute, request: Request, secret: string): boolean {
  if (value.length !== 16) return false;
  const copy = Buffer.from(packet);
  request.authenticator.copy(copy, 4);
  copy.fill(0, at, at + 16);
  return timingSafeEqual(createHmac("md5", secret).update(copy).digest(), value);
}

/** Null unless the packet is whole: what lies beyond its length does not count, and attributes fill it to the byte. */
function attributesOf(bytes: Buffer): Attribute[] | null {
  if (bytes.length < HEAD) return null;
  const length = bytes.readUInt16BE(2);
  if (length < HEAD || length > LONGEST || length > bytes.length) return null;
  const found: Attribute[] = [];
  for (let at = HEAD; at < length; ) {
    const size = bytes[at + 1] ?? 0;
    if (at + 2 > length || size < 3 || at + size > length) return null;
    found.push({ type: bytes[at]!, at: at + 2, value: bytes.subarray(at + 2, at + size) });
    at += size;
  }
  return found;
}

/** On one line, without control characters: it is shown to people. */
const textOf = (values: readonly Buffer[]): string =>
  Buffer.concat(values)
    .toString()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
