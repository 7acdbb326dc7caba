import type { KeyObject } from "node:crypto";
import { Fault } from "../../core/index.ts";
import { readObject, type Store } from "../stores/index.ts";
import type { Chunk } from "./frame.ts";
import { deriveKeys, type Unwrap, keyContext, unseal } from "./keys.ts";
import { readManifest } from "./manifest.ts";
import { unpacked } from "./pack.ts";
import { type Manifest, RecordingIndex, type SegmentEntry } from "./schema.ts";
import {
  indexContext,
  indexKey,
  manifestKey,
  MAX_INDEX,
  MAX_MANIFEST,
  MAX_SEGMENT,
  openSegment,
  segmentKey,
  sha256,
} from "./segment.ts";

/** A sealed recording, opened for replay. */
export interface Playback {
  readonly manifest: Manifest;
  /** Heat, resizes and markers, for the time line. */
  readonly index: RecordingIndex;
  readonly durationMs: number;
  /** The verified chunks of a span of time; only the segments that hold it are fetched. */
  read(span?: {
    readonly fromMs?: number;
    readonly toMs?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<Chunk>;
  /** Whole chunks from a sequence number on, at least one and at most `maxBytes` (or one chunk); `next` is null at the end. */
  page(from: {
    readonly sequence: number;
    readonly maxBytes: number;
  }): Promise<{ chunks: Chunk[]; next: number | null }>;
}

const MAX_PAGE = 8 * 1024 * 1024;

/** The manifest in the store. Fault `not_found` if there is none, `conflict` if its form or signature does not fit. */
export async function loadManifest({
  store,
  id,
  publicKey,
}: {
  readonly store: Store;
  readonly id: string;
  readonly publicKey: KeyObject;
}): Promise<Manifest> {
  const { manifest, problems } = readManifest(await readObject(store, manifestKey(id), MAX_MANIFEST), publicKey);
  if (manifest && manifest.id !== id) throw damaged("the manifest is of another recording");
  if (!manifest || problems.length > 0) throw damaged(problems.join("; "));
  return manifest;
}

/** The data key of a manifest; `unwrap` as it was wrapped for the writer. */
export const unwrapDataKey = async (manifest: Manifest, unwrap: Unwrap): Promise<Uint8Array> =>
  unwrap(Buffer.from(manifest.wrappedKey, "base64"), keyContext(manifest.id));

/** Opens a sealed recording for replay. Fault `conflict` naming the place when index or, while reading, a segment was changed. */
export async function openPlayback({
  store,
  manifest,
  dataKey,
}: {
  readonly store: Store;
  /** From `loadManifest`. */
  readonly manifest: Manifest;
  readonly dataKey: Uint8Array;
}): Promise<Playback> {
  const { id, segments } = manifest;
  const keys = deriveKeys(dataKey, id, manifest.header);
  const index = await loadIndex();
  let kept: { number: number; chunks: readonly Chunk[] } | null = null;

  async function loadIndex(): Promise<RecordingIndex> {
    const stored = await readObject(store, indexKey(id), MAX_INDEX);
    if (sha256(stored) !== manifest.index.sha256) throw damaged("index: hash differs");
    try {
      return RecordingIndex.parse(JSON.parse(unseal(keys.index, indexContext(id), stored).toString("utf8")));
    } catch {
      throw damaged("index: it cannot be decrypted or read");
    }
  }

  const load = async (entry: SegmentEntry): Promise<readonly Chunk[]> => {
    if (kept?.number === entry.number) return kept.chunks;
    const stored = await readObject(store, segmentKey(id, entry.number), MAX_SEGMENT);
    if (sha256(stored) !== entry.sha256) throw damaged(`segment ${entry.number}: hash differs`);
    try {
      const { chunks: packed } = await openSegment(stored, { id, keys, entry });
      const chunks = packed.map(unpacked);
      kept = { number: entry.number, chunks };
      return chunks;
    } catch (error) {
      throw damaged(`segment ${entry.number}: ${(error as Error).message}`);
    }
  };

  async function* from(number: number, signal?: AbortSignal): AsyncGenerator<Chunk> {
    for (const entry of segments.slice(number)) {
      signal?.throwIfAborted();
      yield* await load(entry);
    }
  }

  return {
    manifest,
    index,
    durationMs: manifest.duration / 1000,
    async *read({ fromMs = 0, toMs = Number.POSITIVE_INFINITY, signal } = {}) {
      const [begin, end] = [fromMs * 1000, toMs * 1000];
      for await (const chunk of from(
        firstWhere(segments, ({ lastTime }) => lastTime >= begin),
        signal,
      )) {
        if (chunk.time >= end) return;
        if (chunk.time >= begin) yield chunk;
      }
    },
    async page({ sequence, maxBytes }) {
      const limit = Math.min(maxBytes, MAX_PAGE);
      const chunks: Chunk[] = [];
      let size = 0;
      for await (const chunk of from(firstWhere(segments, ({ lastSequence }) => lastSequence >= sequence))) {
        if (chunk.sequence < sequence) continue;
        size += chunk.length;
        if (chunks.length > 0 && size > limit) return { chunks, next: chunk.sequence };
        chunks.push(chunk);
      }
      return { chunks, next: null };
    },
  };
}

const damaged = (place: string): Fault => new Fault("conflict", `The recording is not what was sealed. ${place}.`);

/** The first place in an ordered list from which on the test holds. */
function firstWhere<T>(list: readonly T[], test: (item: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(list[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
