import type { KeyObject } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../stores/index.ts";
import { readObject } from "../stores/index.ts";
import { canonicalJson } from "./canonical.ts";
import type { Chunk } from "./frame.ts";
import { openJournal } from "./journal.ts";
import { seal, type Unwrap } from "./keys.ts";
import { signerOf, signManifest } from "./manifest.ts";
import { openSpool, type SpoolOutcome, type SpoolPosition } from "./reader.ts";
import { type Manifest, RecordingEnd } from "./schema.ts";
import {
  indexContext,
  indexKey,
  manifestKey,
  MAX_INDEX,
  packSegment,
  recordingPrefix,
  SEGMENT_BYTES,
  segmentKey,
  sha256,
} from "./segment.ts";
import { listParts, partName, partSize } from "./spool.ts";
import { createIndexBuilder, summarize } from "./summary.ts";
import { verifyRecording } from "./verify.ts";

export interface SealingOptions {
  readonly directory: string;
  readonly store: Store;
  readonly unwrap: Unwrap;
  readonly signingKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly signal: AbortSignal;
  /** A live session's chunks wait at most this long for a segment to fill. */
  readonly liveEveryMs: number;
}

/** more: call again soon; waiting: nothing to do for now; a manifest: sealed, verified, and the spool may go. */
export type SealingStep = "more" | "waiting" | { readonly manifest: Manifest; readonly damaged: boolean };

export interface Sealing {
  /** Stores one segment; `live` must have been asked before, or the last chunks could be missed. */
  advance(live: boolean): Promise<SealingStep>;
  close(): Promise<void>;
}

/** The sealing of one recording, taken up where its journal ends. Every step can be repeated. */
export async function openSealing(options: SealingOptions): Promise<Sealing> {
  const { directory, store, signal } = options;
  const spool = await openSpool(options);
  const { id, keys } = spool;
  const journal = await openJournal(directory, id, keys);
  const builder = createIndexBuilder();
  for (const { index } of journal.records) builder.add(index);
  let storedAt = performance.now();

  const position = (): SpoolPosition => {
    const after = journal.records.at(-1)?.after;
    return after ? { ...after, hash: Buffer.from(after.hash, "hex") } : spool.start;
  };

  const storeSegment = async (chunks: Chunk[], after: SpoolPosition): Promise<void> => {
    const last = journal.records.at(-1)?.entry;
    const number = journal.records.length;
    const { bytes, entry } = await packSegment({ id, number, keys, before: position().hash, chunks });
    await writeChecked(store, segmentKey(id, number), bytes, signal);
    const index = summarize(chunks);
    const end = chunks.at(-1)!;
    await journal.append({
      entry: { ...entry, offset: last ? last.offset + last.length : 0 },
      after: { ...after, hash: after.hash.toString("hex") },
      bytes: chunks.reduce((sum, { length }) => sum + length, 0),
      end: end.kind === "x" ? parseEnd(end.bytes) : null,
      index: { ...index, heat: index.heat.map(([second, count]) => [second, count]) },
    });
    builder.add(index);
    storedAt = performance.now();
    for (const part of await listParts(directory))
      if (part < after.part) await rm(join(directory, partName(part)), { force: true });
  };

  /** Stores one segment if it is full or `flush` is set; the outcome when the spool was read to its end. */
  const storeNext = async (flush: boolean): Promise<SpoolOutcome | null> => {
    const from = position();
    const reading = spool.chunks(from);
    const chunks: Chunk[] = [];
    let after = from;
    let size = 0;
    for await (const read of reading) {
      chunks.push(read.chunk);
      size += read.after.part === after.part ? read.after.offset - after.offset : read.after.offset;
      after = read.after;
      if (size >= SEGMENT_BYTES) {
        await storeSegment(chunks, after);
        return null;
      }
    }
    const outcome = reading.outcome!;
    if (chunks.length > 0 && (flush || outcome.state === "complete")) await storeSegment(chunks, after);
    return outcome;
  };

  return {
    close: () => journal.close(),
    async advance(live) {
      const due = performance.now() - storedAt >= options.liveEveryMs;
      if (live && !due && (await pending(directory, position())) < SEGMENT_BYTES) return "waiting";
      signal.throwIfAborted();
      if (journal.records.at(-1)?.end) {
        return live ? "waiting" : finish({ state: "complete", problem: null, position: position() });
      }
      const outcome = await storeNext(!live || due);
      if (!outcome) return "more";
      return live ? "waiting" : finish(outcome);
    },
  };

  async function finish(outcome: SpoolOutcome): Promise<SealingStep> {
    const manifest = await describe(outcome);
    const earlier = await sealedBefore(manifest);
    if (earlier) return { manifest: earlier, damaged: outcome.problem !== null };
    const index = seal(keys.index, indexContext(id), Buffer.from(canonicalJson(builder.index())));
    const signed = signManifest(
      { ...manifest, index: { length: index.length, sha256: sha256(index) } },
      options.signingKey,
    );
    await writeChecked(store, indexKey(id), index, signal);
    await writeChecked(store, manifestKey(id), signed, signal);
    const known = new Set([
      manifestKey(id),
      indexKey(id),
      ...manifest.segments.map(({ number }) => segmentKey(id, number)),
    ]);
    for await (const { key } of store.list(recordingPrefix(id))) if (!known.has(key)) await store.remove(key);
    const { manifest: stored, findings } = await verifyRecording({ store, id, publicKey: options.publicKey, signal });
    if (!stored || findings.length > 0)
      throw new Error(`The sealed recording does not verify: ${findings[0]?.message}`);
    return { manifest: stored, damaged: outcome.problem !== null };
  }

  /** What an attempt that died after its last write has sealed stays as it is: its hash may be in the audit trail. */
  async function sealedBefore(manifest: Manifest): Promise<Manifest | null> {
    const { manifest: stored, findings } = await verifyRecording({ store, id, publicKey: options.publicKey, signal });
    const saying = (one: Manifest): string => canonicalJson({ ...one, index: null, sealedAt: null });
    return stored && findings.length === 0 && saying(stored) === saying(manifest) ? stored : null;
  }

  async function describe(outcome: SpoolOutcome): Promise<Manifest> {
    const { records } = journal;
    const complete = outcome.state === "complete";
    const start = sha256(keys.start);
    return {
      format: "sallyport-recording-1",
      id,
      header: spool.header,
      state: outcome.state,
      end: complete ? (records.at(-1)?.end ?? null) : null,
      cut: complete
        ? null
        : (outcome.problem ?? (await readNote(directory)) ?? "The recording process ended without closing it."),
      chunks: outcome.position.sequence,
      bytes: records.reduce((sum, { bytes }) => sum + bytes, 0),
      duration: outcome.position.time,
      chain: { start, end: records.length > 0 ? outcome.position.hash.toString("hex") : start },
      segments: records.map(({ entry }) => entry),
      index: { length: 0, sha256: "" },
      wrappedKey: spool.wrappedKey.toString("base64"),
      signer: signerOf(options.publicKey),
      sealedAt: new Date().toISOString(),
    };
  }
}

/** Bytes of the spool that are not stored yet. */
async function pending(directory: string, { part, offset }: SpoolPosition): Promise<number> {
  let size = -offset;
  for (const number of await listParts(directory)) if (number >= part) size += await partSize(directory, number);
  return size;
}

/** A store may take bytes and keep others: what was written is read back. */
async function writeChecked(store: Store, key: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  await store.write(key, bytes, signal);
  const back = await readObject(store, key, Math.max(bytes.length, MAX_INDEX));
  if (!back.equals(bytes)) throw new Error(`The store gives back other bytes than were written (${key})`);
}

function parseEnd(bytes: Buffer): RecordingEnd {
  return RecordingEnd.parse(JSON.parse(bytes.toString("utf8")));
}

const readNote = async (directory: string): Promise<string | null> =>
  (await readFile(join(directory, "failure"), "utf8").catch(() => "")).slice(0, 1000) || null;
