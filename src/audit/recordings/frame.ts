import { createHash } from "node:crypto";

/*
 * A chunk's head, 20 bytes, big endian:
 *   0  kind, one ASCII letter    1  zero, or 1: the bytes are compressed (see pack.ts)
 *   2  sequence, 48 bits         8  time in µs since the start, 48 bits
 *  14  zero, 16 bits            16  length of the bytes, 32 bits
 * In the spool a frame is: head, AES-256-GCM(chain hash, 32 bytes; bytes), tag of 16 bytes. The head is the additional
 * data, the sequence the nonce. The chain hash is encrypted because the hash of a single keystroke can be guessed.
 * In a segment a frame is: head, bytes; the chain is computed again from the segment's first hash.
 */
export const HEAD = 20;
export const HASH = 32;
export const TAG = 16;
export const MAX_CHUNK = 256 * 1024;

/** o standard output, e standard error, i input, r resize, m marker, x end. */
export type ChunkKind = "o" | "e" | "i" | "r" | "m" | "x";

const CODE: Record<ChunkKind, number> = { o: 0x6f, e: 0x65, i: 0x69, r: 0x72, m: 0x6d, x: 0x78 };
const KIND = new Map(Object.entries(CODE).map(([kind, code]) => [code, kind as ChunkKind]));

export interface Head {
  readonly kind: ChunkKind;
  readonly sequence: number;
  /** Microseconds since the start. */
  readonly time: number;
  /** As stored. */
  readonly length: number;
  /** Whether the bytes are compressed. */
  readonly packed: boolean;
}

/** One recorded event. */
export interface Chunk extends Head {
  readonly bytes: Buffer;
  /** The chain up to and with this chunk. */
  readonly hash: Buffer;
}

export function writeHead(into: Buffer, at: number, { kind, packed, sequence, time, length }: Head): void {
  into[at] = CODE[kind];
  into[at + 1] = packed ? 1 : 0;
  into.writeUIntBE(sequence, at + 2, 6);
  into.writeUIntBE(time, at + 8, 6);
  into[at + 14] = 0;
  into[at + 15] = 0;
  into.writeUInt32BE(length, at + 16);
}

/** The head at that place, or a string that says what is wrong with it; the caller has made sure of 20 bytes. */
export function parseHead(from: Buffer, at: number): Head | string {
  const kind = KIND.get(from[at]!);
  if (!kind) return `unknown kind ${from[at]}`;
  const packed = from[at + 1] === 1;
  if ((from[at + 1] !== 0 && !packed) || from[at + 14] !== 0 || from[at + 15] !== 0)
    return "reserved bytes are not zero";
  const length = from.readUInt32BE(at + 16);
  if (length > MAX_CHUNK) return `length ${length} is beyond the limit`;
  return { kind, packed, sequence: from.readUIntBE(at + 2, 6), time: from.readUIntBE(at + 8, 6), length };
}

/** The next link of the chain: SHA-256(previous hash, head, bytes). */
export const chainHash = (previous: Buffer, head: Buffer, bytes: Buffer): Buffer =>
  createHash("sha256").update(previous).update(head).update(bytes).digest();

/** The nonce of a spool frame; the key is one recording's own and a sequence number is used once. */
export function writeNonce(into: Buffer, sequence: number): void {
  into.fill(0);
  into.writeUIntBE(sequence, 6, 6);
}

/** A number of columns or rows as it may be recorded; clients send zeros and nonsense too. */
export const cells = (count: number): number => Math.min(Math.max(Math.trunc(count) || 1, 1), 65_535);

/** The bytes of a resize chunk, as asciicast writes them. */
export const sizeText = (cols: number, rows: number): string => `${cells(cols)}x${cells(rows)}`;

/** Columns and rows of a resize chunk, or null. */
export function parseSize(bytes: Buffer): { cols: number; rows: number } | null {
  const found = /^(\d{1,5})x(\d{1,5})$/.exec(bytes.toString("latin1"));
  const [cols, rows] = [Number(found?.[1]), Number(found?.[2])];
  return cols >= 1 && rows >= 1 && cols <= 65_535 && rows <= 65_535 ? { cols, rows } : null;
}
