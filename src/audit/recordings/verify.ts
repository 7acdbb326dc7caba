import type { KeyObject } from "node:crypto";
import { Fault } from "../../core/index.ts";
import { readObject, type Store } from "../stores/index.ts";
import { deriveKeys, type RecordingKeys, unseal } from "./keys.ts";
import { readManifest } from "./manifest.ts";
import { type Manifest, RecordingIndex, type SegmentEntry } from "./schema.ts";
import {
  indexContext,
  indexKey,
  manifestKey,
  MAX_INDEX,
  MAX_MANIFEST,
  MAX_SEGMENT,
  openSegment,
  recordingPrefix,
  segmentKey,
  sha256,
} from "./segment.ts";

/** One thing that does not fit; `message` names the place. `place` is manifest, index, segment N, chain or store. */
export interface VerifyFinding {
  readonly place: string;
  readonly message: string;
}

/** What the verification of one recording found; nothing found is good. */
export interface VerifyResult {
  /** What the store holds, also when it does not verify; null when it cannot be read. */
  readonly manifest: Manifest | null;
  /** Empty: the recording is what was sealed. */
  readonly findings: readonly VerifyFinding[];
}

/** What is verified, and with which keys. */
export interface VerifyOptions {
  readonly store: Store;
  readonly id: string;
  /** The Ed25519 key manifests are signed with. */
  readonly publicKey: KeyObject;
  /** The recording's data key: with it the contents and the chain inside are verified too. */
  readonly dataKey?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Verifies a sealed recording from the store and the public key alone. Throws only when the store cannot be asked. */
export async function verifyRecording({ store, id, publicKey, dataKey, signal }: VerifyOptions): Promise<VerifyResult> {
  const findings: VerifyFinding[] = [];
  const found = (place: string, message: string) => void findings.push({ place, message: `${place}${message}` });
  const stored = await fetch(store, manifestKey(id), MAX_MANIFEST);
  if (typeof stored === "string")
    return { manifest: null, findings: [{ place: "manifest", message: `manifest ${stored}` }] };
  const { manifest, problems } = readManifest(stored, publicKey);
  for (const message of problems) findings.push({ place: "manifest", message });
  if (!manifest) return { manifest, findings };
  if (manifest.id !== id) found("manifest", ` is of another recording (${manifest.id})`);
  for (const message of structure(manifest)) found("manifest", `: ${message}`);
  await verifyExtras(store, manifest, id, found);

  const keys = dataKey ? deriveKeys(dataKey, manifest.id, manifest.header) : null;
  await verifyIndex(store, manifest, keys, found);
  if (keys && sha256(keys.start) !== manifest.chain.start) found("chain", " start does not fit the header and the key");
  let hash = keys?.start ?? null;
  for (const entry of manifest.segments) {
    signal?.throwIfAborted();
    hash = await verifySegment(store, manifest, entry, keys, hash, found);
  }
  const end = manifest.segments.length > 0 ? hash?.toString("hex") : hash && sha256(hash);
  if (hash && end !== manifest.chain.end) found("chain", " end differs from the manifest");
  return { manifest, findings };
}

type Found = (place: string, message: string) => void;

/** What must hold inside a manifest; a signed one that does not fit came from a broken sealer. */
function structure(manifest: Manifest): string[] {
  const wrong: string[] = [];
  let [offset, sequence, time] = [0, 0, 0];
  manifest.segments.forEach((entry, number) => {
    if (entry.number !== number) wrong.push(`segment ${number} is numbered ${entry.number}`);
    if (entry.offset !== offset) wrong.push(`segment ${number} begins at byte ${entry.offset}, not ${offset}`);
    if (entry.firstSequence !== sequence)
      wrong.push(`segment ${number} begins with chunk ${entry.firstSequence}, not ${sequence}`);
    if (entry.lastSequence < entry.firstSequence || entry.firstTime < time || entry.lastTime < entry.firstTime) {
      wrong.push(`segment ${number} is out of order`);
    }
    offset = entry.offset + entry.length;
    sequence = entry.lastSequence + 1;
    time = entry.lastTime;
  });
  if (manifest.chunks !== sequence) wrong.push(`${manifest.chunks} chunks announced, ${sequence} listed`);
  if (manifest.duration !== time) wrong.push("the duration differs from the last chunk's time");
  if ((manifest.state === "complete") !== (manifest.cut === null)) wrong.push("state and reason contradict each other");
  return wrong;
}

async function verifyExtras(store: Store, manifest: Manifest, id: string, found: Found): Promise<void> {
  const known = new Set([
    manifestKey(id),
    indexKey(id),
    ...manifest.segments.map(({ number }) => segmentKey(id, number)),
  ]);
  for await (const { key } of store.list(recordingPrefix(id))) {
    if (!known.has(key)) found("store", `: the object ${key} does not belong to the recording`);
  }
}

async function verifyIndex(store: Store, manifest: Manifest, keys: RecordingKeys | null, found: Found): Promise<void> {
  const stored = await fetch(store, indexKey(manifest.id), MAX_INDEX);
  if (typeof stored === "string") return found("index", ` ${stored}`);
  if (sha256(stored) !== manifest.index.sha256) return found("index", `, bytes 0-${stored.length}: hash differs`);
  if (stored.length !== manifest.index.length) return found("index", ": length differs");
  if (!keys) return;
  try {
    RecordingIndex.parse(JSON.parse(unseal(keys.index, indexContext(manifest.id), stored).toString("utf8")));
  } catch {
    found("index", ": it cannot be decrypted or read");
  }
}

/** The chain after the segment, or null where it can no longer be followed. */
async function verifySegment(
  store: Store,
  manifest: Manifest,
  entry: SegmentEntry,
  keys: RecordingKeys | null,
  before: Buffer | null,
  found: Found,
): Promise<Buffer | null> {
  const place = `segment ${entry.number}`;
  const range = `, bytes ${entry.offset}-${entry.offset + entry.length}`;
  const stored = await fetch(store, segmentKey(manifest.id, entry.number), MAX_SEGMENT);
  if (typeof stored === "string") {
    found(place, `${range}: it ${stored}`);
    return null;
  }
  if (stored.length !== entry.length) found(place, `${range}: ${stored.length} bytes are stored`);
  else if (sha256(stored) !== entry.sha256) found(place, `${range}: hash differs`);
  if (!keys) return null;
  try {
    const opened = await openSegment(stored, { id: manifest.id, keys, entry });
    if (before && !opened.before.equals(before))
      found(place, `${range}: the hash chain does not fit the segment before`);
    return opened.after;
  } catch (error) {
    found(place, `${range}: ${(error as Error).message}`);
    return null;
  }
}

async function fetch(store: Store, key: string, maxBytes: number): Promise<Buffer | string> {
  try {
    return await readObject(store, key, maxBytes);
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return "is missing";
    if (error instanceof Fault && error.code === "too_large") return "is larger than it may be";
    throw error;
  }
}
