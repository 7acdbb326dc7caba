import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import { type Chunk, chainHash, HASH, HEAD, MAX_CHUNK, parseHead, writeHead } from "./frame.ts";
import { type RecordingKeys, seal, unseal } from "./keys.ts";
import type { SegmentEntry } from "./schema.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A segment is closed at the first chunk that brings it to this many bytes of the spool. */
export const SEGMENT_BYTES = 768 * 1024;
const MAX_RAW = SEGMENT_BYTES + MAX_CHUNK + HEAD;
/** No stored segment is larger. */
export const MAX_SEGMENT = MAX_RAW + 64 * 1024;
export const MAX_INDEX = 16 * 1024 * 1024;
export const MAX_MANIFEST = 64 * 1024 * 1024;

export const recordingPrefix = (id: string): string => `recordings/${id.slice(-2)}/${id}/`;
export const manifestKey = (id: string): string => `${recordingPrefix(id)}manifest.json`;
export const indexKey = (id: string): string => `${recordingPrefix(id)}index`;
export const segmentKey = (id: string, number: number): string =>
  `${recordingPrefix(id)}${String(number).padStart(8, "0")}.seg`;

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const segmentContext = (id: string, number: number): string => `${id}/segment/${number}`;

export interface PackedSegment {
  readonly bytes: Buffer;
  readonly entry: Omit<SegmentEntry, "offset">;
}

/**
 * A stored segment: nonce (12), AES-256-GCM of [chain hash before (32), chain hash after (32), zstd of the frames], tag
 * (16); recording and number are the additional data.
 */
export async function packSegment({
  id,
  number,
  keys,
  before,
  chunks,
}: {
  readonly id: string;
  readonly number: number;
  readonly keys: RecordingKeys;
  readonly before: Buffer;
  readonly chunks: readonly Chunk[];
}): Promise<PackedSegment> {
  const [first, last] = [chunks[0]!, chunks.at(-1)!];
  const raw = Buffer.allocUnsafe(chunks.reduce((sum, { length }) => sum + HEAD + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    writeHead(raw, at, chunk);
    chunk.bytes.copy(raw, at + HEAD);
    at += HEAD + chunk.length;
  }
  const bytes = seal(keys.segment, segmentContext(id, number), before, last.hash, await compress(raw));
  return {
    bytes,
    entry: {
      number,
      length: bytes.length,
      sha256: sha256(bytes),
      firstSequence: first.sequence,
      lastSequence: last.sequence,
      firstTime: first.time,
      lastTime: last.time,
    },
  };
}

export interface OpenedSegment {
  readonly before: Buffer;
  readonly after: Buffer;
  readonly chunks: readonly Chunk[];
}

/** Opens a stored segment and checks all that is inside; throws an Error whose message says what does not fit. */
export async function openSegment(
  bytes: Buffer,
  {
    id,
    keys,
    entry,
  }: {
    readonly id: string;
    readonly keys: RecordingKeys;
    readonly entry: Pick<SegmentEntry, "number" | "firstSequence" | "lastSequence" | "firstTime" | "lastTime">;
  },
): Promise<OpenedSegment> {
  const plain = unsealOr("it cannot be decrypted", () => unseal(keys.segment, segmentContext(id, entry.number), bytes));
  if (plain.length < 2 * HASH) throw new Error("it is too short");
  const [before, after] = [plain.subarray(0, HASH), plain.subarray(HASH, 2 * HASH)];
  const raw = await decompress(plain.subarray(2 * HASH), { maxOutputLength: MAX_RAW }).catch(() => {
    throw new Error("it cannot be decompressed");
  });
  const chunks = parseFrames(raw, before);
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (!first || !last) throw new Error("it is empty");
  if (!last.hash.equals(after)) throw new Error("the hash chain does not fit");
  const fits =
    first.sequence === entry.firstSequence &&
    last.sequence === entry.lastSequence &&
    first.time === entry.firstTime &&
    last.time === entry.lastTime;
  if (!fits) throw new Error("sequence or times differ from the manifest");
  return { before, after, chunks };
}

function unsealOr<T>(message: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new Error(message);
  }
}

/** The frames of a segment, the chain computed on from `before`; throws an Error that names the byte. */
export function parseFrames(raw: Buffer, before: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  let hash = before;
  for (let at = 0; at < raw.length; ) {
    if (at + HEAD > raw.length) throw new Error(`byte ${at}: an incomplete frame`);
    const head = parseHead(raw, at);
    if (typeof head === "string") throw new Error(`byte ${at}: ${head}`);
    const end = at + HEAD + head.length;
    if (end > raw.length) throw new Error(`byte ${at}: an incomplete frame`);
    const last = chunks.at(-1);
    if (last && (head.sequence !== last.sequence + 1 || head.time < last.time))
      throw new Error(`byte ${at}: sequence or time is out of order`);
    const bytes = raw.subarray(at + HEAD, end);
    hash = chainHash(hash, raw.subarray(at, at + HEAD), bytes);
    chunks.push({ ...head, bytes, hash });
    at = end;
  }
  return chunks;
}

/** The context of the sealed index. */
export const indexContext = (id: string): string => `${id}/index`;
