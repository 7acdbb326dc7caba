import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Fault } from "../../core/index.ts";

const derive = promisify(argon2);

/** argon2id, RFC 9106: memory in KiB, passes, lanes. About 60 ms on a small machine. */
const COST = { memory: 65_536, passes: 2, parallelism: 1 } as const;
const TAG_BYTES = 32;
const AT_ONCE = 4;

let running = 0;
const waiting: (() => void)[] = [];

/** A PHC string of argon2id with a fresh 16-byte salt. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await tagOf(password, nonce, COST, TAG_BYTES);
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${base64(nonce)}$${base64(tag)}`;
}

/**
 * Whether the password fits. With no stored hash it takes the same time and answers false, so that an unknown name
 * cannot be told from a wrong password.
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const parsed = parse(stored ?? (await decoy()));
  const tag = await tagOf(password, parsed.nonce, parsed.cost, parsed.tag.length);
  return timingSafeEqual(tag, parsed.tag) && stored !== null;
}

let decoyHash: Promise<string> | undefined;
function decoy(): Promise<string> {
  decoyHash ??= hashPassword(randomBytes(32).toString("base64"));
  return decoyHash;
}

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

function parse(phc: string): {
  cost: { memory: number; passes: number; parallelism: number };
  nonce: Buffer;
  tag: Buffer;
} {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc);
  if (!match) throw new Error("A stored password hash is not argon2id in PHC form");
  const [, memory, passes, parallelism, nonce, tag] = match;
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    nonce: Buffer.from(nonce!, "base64"),
    tag: Buffer.from(tag!, "base64"),
  };
}

/** At most four hashes at once, so that a crowd at the door cannot take all memory. */
async function tagOf(
  message: string,
  nonce: Buffer,
  cost: typeof COST | ReturnType<typeof parse>["cost"],
  tagLength: number,
): Promise<Buffer> {
  if (running >= AT_ONCE) {
    if (waiting.length >= 200)
      throw new Fault("unavailable", "Too many people sign in at this moment. Try again in a few seconds.");
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running += 1;
  try {
    return await derive("argon2id", { message, nonce, ...cost, tagLength });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
