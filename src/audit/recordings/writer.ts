import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, openSync, renameSync, rmSync, statfsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/index.ts";
import { type ChunkKind, cells, MAX_CHUNK, sizeText } from "./frame.ts";
import { frameSize, writeFrame } from "./frame-writer.ts";
import { deriveKeys, keyContext, type RecordingKeys, type Wrap } from "./keys.ts";
import { createPacker } from "./pack.ts";
import { assertFree, createPartFiles } from "./parts.ts";
import { type RecordingEnd, RecordingHeader } from "./schema.ts";
import { createFileSync, encodeSpoolHeader, lockText, partName, spoolPath } from "./spool.ts";

/** What one recording needs. */
export interface RecordingWriterOptions {
  /** The spool; made with mode 0700 if it is not there. */
  readonly directory: string;
  /** The recording's id, a UUID never used before. */
  readonly id: string;
  readonly header: RecordingHeader;
  /** Wraps the recording's own fresh data key. */
  readonly wrap: Wrap;
  /** Keystrokes, passwords typed at hidden prompts among them, are dropped unless this is true. */
  readonly recordInput?: boolean;
  /** How often what was written is forced to the disk; 1,000 ms. */
  readonly flushEveryMs?: number;
  /** What one recording may hold in the spool at a time; 8 GiB. */
  readonly maxSpoolBytes?: number;
  /** What must stay free in the file system; 128 MiB. */
  readonly minFreeBytes?: number;
  /** Size of one part file; 64 MiB. */
  readonly partBytes?: number;
  /** Called once, when nothing more can be recorded. */
  readonly onFailure?: (fault: Fault) => void;
}

/** What a recording came to. */
export interface RecordingSummary {
  readonly id: string;
  /** False when the recording failed before its end; it will be sealed as cut. */
  readonly complete: boolean;
  readonly chunks: number;
  /** Bytes recorded, before encryption. */
  readonly bytes: number;
  readonly durationMs: number;
}

/** One recording while it is written. */
export interface RecordingWriter {
  readonly id: string;
  /** Why nothing more can be recorded, or null. */
  readonly failure: Fault | null;
  /**
   * Records what the person is about to see: stream 0 is standard output, 1 standard error. Several buffers become one
   * chunk, which is cheaper than one call for each.
   */
  output(stream: 0 | 1, bytes: Buffer | readonly Buffer[]): void;
  /** Records keystrokes, if asked for. */
  input(bytes: Buffer | readonly Buffer[]): void;
  /** Numbers that are no size are brought into 1 to 65,535. */
  resize(cols: number, rows: number): void;
  /** Marks a place; at most 1,000 characters. */
  marker(label: string): void;
  /** Closes the recording; call it once, also after a failure. */
  end(how: { readonly reason: string; readonly exit?: RecordingEnd["exit"] }): Promise<RecordingSummary>;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/**
 * Starts a recording in the spool. When output(), input(), resize() or marker() return, the kernel holds the bytes: the
 * death of the process loses nothing of them. They throw Fault `unavailable` from the moment the spool cannot be
 * written, is full or over its limit; creating refuses with the same. Not safe against power loss within `flushEveryMs`.
 */
export async function createRecordingWriter(options: RecordingWriterOptions): Promise<RecordingWriter> {
  const { directory: spool, id } = options;
  const { width, height } = options.header;
  const header = RecordingHeader.parse({ ...options.header, width: cells(width), height: cells(height) });
  const dataKey = randomBytes(32);
  try {
    mkdirSync(spool, { recursive: true, mode: 0o700 });
    assertFree(statfsSync(spool), options.minFreeBytes ?? 128 * MIB);
    const wrapped = Buffer.from(await options.wrap(dataKey, keyContext(id)));
    const keys = deriveKeys(dataKey, id, header);
    const first = openSpool(spool, id, encodeSpoolHeader({ id, header, wrappedKey: wrapped.toString("base64") }));
    return startWriter({ ...options, directory: spoolPath(spool, id), first, keys });
  } catch (error) {
    throw asFault(error);
  } finally {
    dataKey.fill(0);
  }
}

function openSpool(spool: string, id: string, header: string): number {
  const path = spoolPath(spool, id);
  const fresh = join(spool, `.new-${id}`);
  if (existsSync(path)) throw new Error("a recording of that id is there already");
  try {
    mkdirSync(fresh, { mode: 0o700 });
    createFileSync(join(fresh, "header.json"), header);
    createFileSync(join(fresh, "lock"), lockText());
    const file = openSync(join(fresh, partName(0)), "wx", 0o600);
    renameSync(fresh, path);
    return file;
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
}

type StartOptions = RecordingWriterOptions & { readonly first: number; readonly keys: RecordingKeys };

function startWriter(options: StartOptions): RecordingWriter {
  const { id, directory, keys, minFreeBytes = 128 * MIB, partBytes = 64 * MIB, maxSpoolBytes = 8 * GIB } = options;
  const parts = createPartFiles({ directory, first: options.first, partBytes, maxSpoolBytes });
  const begun = performance.now();
  const flusher = createFlusher(options.flushEveryMs ?? 1000, flush, fail);
  const pack = createPacker();
  let [sequence, time, bytesRecorded] = [0, 0, 0];
  let hash = keys.start;
  let failure: Fault | null = null;
  let ended = false;

  async function flush(): Promise<void> {
    await parts.sync();
    assertFree(await statfs(directory), minFreeBytes);
  }

  function fail(error: unknown): Fault {
    if (failure) return failure;
    failure = asFault(error);
    flusher.stop();
    leaveNote(directory, failure.message);
    parts.close();
    options.onFailure?.(failure);
    return failure;
  }

  const append = (kind: ChunkKind, buffers: readonly Buffer[], length: number): void => {
    if (failure) throw failure;
    if (ended) throw new Fault("unavailable", "The recording has ended.");
    try {
      time = Math.max(time, Math.round((performance.now() - begun) * 1000));
      const small = pack(buffers, length);
      const stored = small?.length ?? length;
      const file = parts.reserve(frameSize(stored));
      const head = { kind, packed: small !== null, sequence, time, length: stored };
      hash = writeFrame(file, keys.spool, hash, head, small ? [small] : buffers);
      sequence += 1;
      bytesRecorded += length;
      flusher.soon();
    } catch (error) {
      throw fail(error);
    }
  };

  const record = (kind: ChunkKind, bytes: Buffer | string | readonly Buffer[]): void => {
    const buffers = typeof bytes === "string" ? [Buffer.from(bytes)] : Buffer.isBuffer(bytes) ? [bytes] : bytes;
    for (const chunk of chunksOf(buffers)) append(kind, chunk.buffers, chunk.length);
  };

  return {
    id,
    get failure() {
      return failure;
    },
    output: (stream, bytes) => record(stream === 0 ? "o" : "e", bytes),
    input: (bytes) => {
      if (options.recordInput) record("i", bytes);
    },
    resize: (cols, rows) => record("r", sizeText(cols, rows)),
    marker: (label) => record("m", label.slice(0, 1000)),
    async end({ reason, exit = null }) {
      try {
        record("x", JSON.stringify(endOf(reason, exit)));
        ended = true;
        flusher.stop();
        await parts.sync();
        if (!failure) parts.close();
      } catch (error) {
        fail(error);
      }
      return { id, complete: failure === null, chunks: sequence, bytes: bytesRecorded, durationMs: time / 1000 };
    },
  };
}

/** A target may send a signal name of any length. */
const endOf = (reason: string, exit: RecordingEnd["exit"]): RecordingEnd => ({
  reason: reason.slice(0, 1000),
  exit: exit && { code: exit.code, signal: exit.signal?.slice(0, 100) ?? null },
});

/** Calls `flush` once, `afterMs` after the first `soon()` since the last time. */
function createFlusher(afterMs: number, flush: () => Promise<void>, failed: (error: unknown) => void) {
  let timer: NodeJS.Timeout | null = null;
  const due = (): void => {
    void flush()
      .catch(failed)
      .finally(() => (timer = null));
  };
  return {
    soon: () => void (timer ??= setTimeout(due, afterMs).unref()),
    stop: () => void (timer && clearTimeout(timer)),
  };
}

/** Best effort: on a full disk there may be no room for it. */
function leaveNote(directory: string, message: string): void {
  try {
    createFileSync(join(directory, "failure"), message);
  } catch {
    // The recording is sealed as cut all the same.
  }
}

/** Groups buffers, cutting where needed, into chunks of at most MAX_CHUNK. */
function* chunksOf(all: readonly Buffer[]): Generator<{ buffers: Buffer[]; length: number }> {
  let buffers: Buffer[] = [];
  let length = 0;
  for (const buffer of all) {
    let at = 0;
    do {
      const piece = buffer.subarray(at, at + MAX_CHUNK - length);
      buffers.push(piece);
      length += piece.length;
      at += piece.length;
      if (length === MAX_CHUNK) {
        yield { buffers, length };
        [buffers, length] = [[], 0];
      }
    } while (at < buffer.length);
  }
  if (buffers.length > 0) yield { buffers, length };
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = code === "ENOSPC" ? "the disk is full" : code ? `the system says ${code}` : message;
  return new Fault(
    "unavailable",
    `The session cannot be recorded: ${cause}. Ask an administrator to look at the recording spool.`,
    undefined,
    error,
  );
}
