import { createDecipheriv } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type Chunk, chainHash, HASH, HEAD, type Head, MAX_CHUNK, parseHead, TAG, writeNonce } from "./frame.ts";
import { deriveKeys, keyContext, type RecordingKeys, type Unwrap } from "./keys.ts";
import type { RecordingHeader } from "./schema.ts";
import { listParts, partName, readSpoolHeader } from "./spool.ts";

/** A place between two chunks of a spool, and the chain there. */
export interface SpoolPosition {
  readonly part: number;
  readonly offset: number;
  readonly sequence: number;
  readonly time: number;
  readonly hash: Buffer;
}

/** What reading came to. `problem` names the place; null for bytes that merely stop, as after a kill. */
export interface SpoolOutcome {
  readonly state: "complete" | "cut";
  readonly problem: string | null;
  readonly position: SpoolPosition;
}

/** Verified chunks, each with the place after it; `outcome` is there once the iteration has ended. */
export interface SpoolChunks extends AsyncIterable<{ readonly chunk: Chunk; readonly after: SpoolPosition }> {
  readonly outcome: SpoolOutcome | null;
}

/** A recording in the spool, opened for reading. */
export interface OpenSpool {
  readonly id: string;
  readonly header: RecordingHeader;
  readonly wrappedKey: Buffer;
  readonly keys: RecordingKeys;
  /** The place before the first chunk. */
  readonly start: SpoolPosition;
  /** Reads from a place to where the spool ends now. */
  chunks(from?: SpoolPosition): SpoolChunks;
}

/** Opens one recording's spool directory, finished or not. Throws when header or key do not fit. */
export async function openSpool({
  directory,
  unwrap,
}: {
  readonly directory: string;
  readonly unwrap: Unwrap;
}): Promise<OpenSpool> {
  const { id, header, wrappedKey } = await readSpoolHeader(directory);
  const wrapped = Buffer.from(wrappedKey, "base64");
  const keys = deriveKeys(await unwrap(wrapped, keyContext(id)), id, header);
  const start: SpoolPosition = { part: 0, offset: 0, sequence: 0, time: 0, hash: keys.start };
  return { id, header, wrappedKey: wrapped, keys, start, chunks: (from = start) => readChunks(directory, keys, from) };
}

function readChunks(directory: string, keys: RecordingKeys, from: SpoolPosition): SpoolChunks {
  let outcome: SpoolOutcome | null = null;
  async function* chunks() {
    let position = from;
    let parts = await listParts(directory);
    for (;;) {
      const file = await open(join(directory, partName(position.part)), "r").catch(absent);
      if (!file) return void (outcome = cut(position, `part ${position.part} is missing`));
      try {
        const window = createWindow(file, position.offset);
        for (;;) {
          const frame = await readFrame(window, keys, position);
          if (frame === null) break;
          if (typeof frame === "string") return void (outcome = cut(position, place(position, frame)));
          const { chunk, size } = frame;
          position = {
            part: position.part,
            offset: position.offset + size,
            sequence: chunk.sequence + 1,
            time: chunk.time,
            hash: chunk.hash,
          };
          yield { chunk, after: position };
          if (chunk.kind === "x") return void (outcome = { state: "complete", problem: null, position });
        }
        // The writer opens a part only when the one before is whole, so bytes left over there are damage.
        if (!parts.includes(position.part + 1)) parts = await listParts(directory);
        if (!parts.includes(position.part + 1)) return void (outcome = cut(position, null));
        if (
          (await file.stat()).size > position.offset &&
          (await readFrame(createWindow(file, position.offset), keys, position)) === null
        ) {
          return void (outcome = cut(position, place(position, "an incomplete frame before the last part")));
        }
        if ((await file.stat()).size > position.offset) continue;
      } finally {
        await file.close();
      }
      position = { ...position, part: position.part + 1, offset: 0 };
    }
  }
  return {
    [Symbol.asyncIterator]: chunks,
    get outcome() {
      return outcome;
    },
  };
}

const cut = (position: SpoolPosition, problem: string | null): SpoolOutcome => ({ state: "cut", problem, position });
const place = ({ part, offset }: SpoolPosition, problem: string): string => `part ${part}, byte ${offset}: ${problem}`;
const absent = (error: NodeJS.ErrnoException): null => {
  if (error.code === "ENOENT") return null;
  throw error;
};

interface Window {
  /** At least `size` bytes from the current place, fewer only at the end of the file. */
  peek(size: number): Promise<Buffer>;
  skip(size: number): void;
}

const AHEAD = MAX_CHUNK + HEAD + HASH + TAG;

function createWindow(file: FileHandle, offset: number): Window {
  let held: Buffer = Buffer.alloc(0);
  let at = offset;
  return {
    async peek(size) {
      while (held.length < size) {
        const more = Buffer.allocUnsafe(Math.max(size - held.length, AHEAD));
        const { bytesRead } = await file.read(more, 0, more.length, at + held.length);
        if (bytesRead === 0) return held;
        held = Buffer.concat([held, more.subarray(0, bytesRead)]);
      }
      return held;
    },
    skip(size) {
      held = held.subarray(size);
      at += size;
    },
  };
}

/** The next chunk and its size in the file; null when the frame is not all there; a string that names the damage. */
async function readFrame(
  window: Window,
  keys: RecordingKeys,
  position: SpoolPosition,
): Promise<{ chunk: Chunk; size: number } | string | null> {
  const start = await window.peek(HEAD);
  if (start.length < HEAD) return null;
  // A file system may leave zeros at the end after a loss of power.
  if (start.subarray(0, HEAD).every((byte) => byte === 0)) return null;
  const head = parseHead(start, 0);
  if (typeof head === "string") return head;
  if (head.sequence !== position.sequence) return `chunk ${position.sequence} expected, ${head.sequence} found`;
  const size = HEAD + HASH + head.length + TAG;
  const frame = (await window.peek(size)).subarray(0, size);
  if (frame.length < size) return null;
  const chunk = openFrame(head, frame, keys, position);
  if (typeof chunk !== "string") window.skip(size);
  return typeof chunk === "string" ? chunk : { chunk, size };
}

/** Decrypts one whole frame and checks it against the chain. */
function openFrame(
  head: Head,
  frame: Buffer,
  keys: RecordingKeys,
  previous: Pick<SpoolPosition, "hash" | "time">,
): Chunk | string {
  const nonce = Buffer.alloc(12);
  writeNonce(nonce, head.sequence);
  const headBytes = frame.subarray(0, HEAD);
  const decipher = createDecipheriv("aes-256-gcm", keys.spool, nonce, { authTagLength: TAG });
  decipher.setAAD(headBytes).setAuthTag(frame.subarray(-TAG));
  const body = decipher.update(frame.subarray(HEAD, -TAG));
  try {
    decipher.final();
  } catch {
    return "the frame does not fit its tag";
  }
  const [hash, bytes] = [body.subarray(0, HASH), body.subarray(HASH)];
  if (!chainHash(previous.hash, headBytes, bytes).equals(hash)) return "the hash chain does not fit";
  if (head.time < previous.time) return "the time runs backwards";
  return { ...head, bytes, hash };
}
