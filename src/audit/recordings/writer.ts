import { type CipherGCM, createCipheriv, createHash, randomBytes } from "node:crypto";
import {
  close,
  closeSync,
  fdatasync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
  writevSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/index.ts";
import { type ChunkKind, HASH, HEAD, MAX_CHUNK, sizeText, TAG, writeHead, writeNonce } from "./frame.ts";
import { deriveKeys, keyContext, type RecordingKeys, type Wrap } from "./keys.ts";
import { RecordingEnd, RecordingHeader } from "./schema.ts";
import { createFileSync, encodeSpoolHeader, lockText, partName, spoolPath, syncDirectory } from "./spool.ts";

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

export interface RecordingSummary {
  readonly id: string;
  /** False when the recording failed before its end; it will be sealed as cut. */
  readonly complete: boolean;
  readonly chunks: number;
  /** Bytes recorded, before encryption. */
  readonly bytes: number;
  readonly durationMs: number;
}

export interface RecordingWriter {
  readonly id: string;
  /** Why nothing more can be recorded, or null. */
  readonly failure: Fault | null;
  /** Records what the person is about to see: stream 0 is standard output, 1 standard error. */
  output(stream: 0 | 1, bytes: Buffer): void;
  /** Records keystrokes, if asked for. */
  input(bytes: Buffer): void;
  resize(cols: number, rows: number): void;
  /** Marks a place; at most 1,000 characters. */
  marker(label: string): void;
  /** Closes the recording; call it once, also after a failure. */
  end(how: { readonly reason: string; readonly exit?: RecordingEnd["exit"] }): Promise<RecordingSummary>;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const SMALL = 4096;
// Used only within one synchronous call.
const scratch = Buffer.allocUnsafe(HASH + HEAD + SMALL);
const nonce = Buffer.alloc(12);

/**
 * Starts a recording in the spool. When output(), input(), resize() or marker() return, the kernel holds the bytes: the
 * death of the process loses nothing of them. They throw Fault `unavailable` from the moment the spool cannot be
 * written, is full or over its limit; creating refuses with the same. Not safe against power loss within `flushEveryMs`.
 */
export async function createRecordingWriter(options: RecordingWriterOptions): Promise<RecordingWriter> {
  const { directory: spool, id } = options;
  const header = RecordingHeader.parse(options.header);
  const dataKey = randomBytes(32);
  try {
    mkdirSync(spool, { recursive: true, mode: 0o700 });
    await assertFree(spool, options.minFreeBytes ?? 128 * MIB);
    const wrapped = Buffer.from(await options.wrap(dataKey, keyContext(id)));
    const keys = deriveKeys(dataKey, id, header);
    const file = openSpool(spool, id, encodeSpoolHeader({ id, header, wrappedKey: wrapped.toString("base64") }));
    return startWriter({ ...options, directory: spoolPath(spool, id), file, keys });
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

interface WriterState extends RecordingWriterOptions {
  file: number;
  readonly keys: RecordingKeys;
}

function startWriter(options: WriterState): RecordingWriter {
  const { id, directory, keys } = options;
  const partBytes = options.partBytes ?? 64 * MIB;
  const maxSpoolBytes = options.maxSpoolBytes ?? 8 * GIB;
  const minFreeBytes = options.minFreeBytes ?? 128 * MIB;
  const flushEveryMs = options.flushEveryMs ?? 1000;
  const begun = performance.now();
  const partSizes: number[] = [0];
  let { file } = options;
  let oldestPart = 0;
  let spooled = 0;
  let sequence = 0;
  let time = 0;
  let bytesRecorded = 0;
  let previous = keys.start;
  let failure: Fault | null = null;
  let ended = false;
  let flushing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let synced = false;

  const fail = (error: unknown): Fault => {
    if (failure) return failure;
    failure = asFault(error);
    if (timer) clearTimeout(timer);
    leaveNote(directory, failure.message);
    release();
    options.onFailure?.(failure);
    return failure;
  };

  const release = (): void => {
    const closing = file;
    file = -1;
    // A file that fdatasync is still using must not be closed under it.
    if (closing >= 0) void (flushing ?? Promise.resolve()).then(() => close(closing, () => {}));
    rmSync(join(directory, "lock"), { force: true });
  };

  const flush = async (): Promise<void> => {
    if (!synced) {
      syncDirectory(directory);
      syncDirectory(join(directory, ".."));
      synced = true;
    }
    await syncData(file);
    await assertFree(directory, minFreeBytes);
  };

  const flushLater = (): void => {
    timer ??= setTimeout(() => {
      flushing = flush()
        .catch((error) => void fail(error))
        .finally(() => {
          flushing = null;
          timer = null;
        });
    }, flushEveryMs).unref();
  };

  const rotate = (): void => {
    const full = file;
    file = openSync(join(directory, partName(partSizes.length)), "wx", 0o600);
    partSizes.push(0);
    const waiting = flushing ?? Promise.resolve();
    void waiting.then(() => syncData(full)).then(() => closeSync(full), fail);
  };

  // The sealer removes parts it has stored.
  const countRemoved = (): void => {
    while (oldestPart < partSizes.length - 1 && !existsSync(join(directory, partName(oldestPart)))) {
      spooled -= partSizes[oldestPart++]!;
    }
  };

  const makeRoom = (size: number): void => {
    const last = partSizes.length - 1;
    if (partSizes[last]! > 0 && partSizes[last]! + size > partBytes) rotate();
    if (spooled + size > maxSpoolBytes) countRemoved();
    if (spooled + size > maxSpoolBytes) throw new Error("the spool's limit for one recording is reached");
  };

  const append = (kind: ChunkKind, bytes: Buffer): void => {
    if (failure) throw failure;
    if (ended) throw new Fault("unavailable", "The recording has ended.");
    try {
      time = Math.max(time, Math.round((performance.now() - begun) * 1000));
      const size = HEAD + HASH + bytes.length + TAG;
      makeRoom(size);
      const head = Buffer.allocUnsafe(HEAD);
      writeHead(head, 0, { kind, sequence, time, length: bytes.length });
      writeNonce(nonce, sequence);
      const cipher = createCipheriv("aes-256-gcm", keys.spool, nonce).setAAD(head);
      previous =
        bytes.length <= SMALL
          ? writeSmall(file, cipher, previous, head, bytes)
          : writeLarge(file, cipher, previous, head, bytes);
      sequence += 1;
      spooled += size;
      partSizes[partSizes.length - 1]! += size;
      bytesRecorded += bytes.length;
      if (timer === null) flushLater();
    } catch (error) {
      throw fail(error);
    }
  };

  const appendAll = (kind: ChunkKind, bytes: Buffer): void => {
    if (bytes.length <= MAX_CHUNK) return append(kind, bytes);
    for (let at = 0; at < bytes.length; at += MAX_CHUNK) append(kind, bytes.subarray(at, at + MAX_CHUNK));
  };

  return {
    id,
    get failure() {
      return failure;
    },
    output: (stream, bytes) => appendAll(stream === 0 ? "o" : "e", bytes),
    input: (bytes) => {
      if (options.recordInput) appendAll("i", bytes);
    },
    resize: (cols, rows) => append("r", Buffer.from(sizeText(cols, rows))),
    marker: (label) => append("m", Buffer.from(label.slice(0, 1000))),
    async end(how) {
      const end = RecordingEnd.parse({ reason: how.reason.slice(0, 1000), exit: how.exit ?? null });
      try {
        append("x", Buffer.from(JSON.stringify(end)));
        ended = true;
        if (timer) clearTimeout(timer);
        await flushing;
        await syncData(file);
        if (!failure) release();
      } catch (error) {
        fail(error);
      }
      return { id, complete: failure === null, chunks: sequence, bytes: bytesRecorded, durationMs: time / 1000 };
    },
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

/** One copy into a buffer of the module, one update, one write: cheaper than many small calls. */
function writeSmall(file: number, cipher: CipherGCM, previous: Buffer, head: Buffer, bytes: Buffer): Buffer {
  previous.copy(scratch, 0);
  head.copy(scratch, HASH);
  bytes.copy(scratch, HASH + HEAD);
  const hash = createHash("sha256")
    .update(scratch.subarray(0, HASH + HEAD + bytes.length))
    .digest();
  hash.copy(scratch, HEAD);
  const body = cipher.update(scratch.subarray(HEAD, HEAD + HASH));
  const rest = cipher.update(bytes);
  cipher.final();
  writeAll(file, [Buffer.concat([head, body, rest, cipher.getAuthTag()])]);
  return hash;
}

function writeLarge(file: number, cipher: CipherGCM, previous: Buffer, head: Buffer, bytes: Buffer): Buffer {
  const hash = createHash("sha256").update(previous).update(head).update(bytes).digest();
  const start = cipher.update(hash);
  const body = cipher.update(bytes);
  cipher.final();
  writeAll(file, [head, start, body, cipher.getAuthTag()]);
  return hash;
}

function writeAll(file: number, buffers: Buffer[]): void {
  const [only] = buffers;
  const size = buffers.reduce((sum, { length }) => sum + length, 0);
  let done = buffers.length === 1 ? writeSync(file, only!) : writevSync(file, buffers);
  if (done === size) return;
  const all = Buffer.concat(buffers);
  while (done < size) done += writeSync(file, all, done);
}

const syncData = (file: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())));

async function assertFree(directory: string, minFreeBytes: number): Promise<void> {
  if (minFreeBytes <= 0) return;
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < minFreeBytes) throw new Error("too little free space");
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
