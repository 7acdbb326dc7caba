import type { KeyObject } from "node:crypto";
import { Fault } from "../core/index.ts";
import type { EventRow } from "./events/event-row.ts";
import type { TrailItem } from "./events/index.ts";
import { listRecordings, loadManifest, manifestDigest } from "./recordings/index.ts";
import type { Store } from "./stores/index.ts";

const ACTION = "recording.seal";
const SHOWN = 20;
/** A recording is in the store a moment before the trail says so. */
const UNDER_WAY_MS = 60_000;

/** What the trail says of recordings: the hashes of their manifests, by the session's id. */
export type Anchors = ReadonlyMap<string, readonly string[]>;

/** What the comparison of store and trail found. */
export interface RecordingsVerdict {
  readonly good: boolean;
  readonly compared: number;
  /** The first 20. */
  readonly problems: readonly { readonly recording: string; readonly what: string }[];
  readonly problemCount: number;
}

/** Passes a trail on and remembers what its events say of recordings; read `anchors` when it is through. */
export function watchAnchors(items: AsyncIterable<TrailItem>): {
  readonly items: AsyncIterable<TrailItem>;
  readonly anchors: Anchors;
} {
  const anchors = new Map<string, string[]>();
  async function* watched(): AsyncGenerator<TrailItem> {
    for await (const item of items) {
      const event = item.kind === "seal" ? item.row.event : item.kind === "unsealed" ? item.event : null;
      if (event?.action === ACTION && event.outcome === "ok") {
        const id = event.target_id ?? "";
        anchors.set(id, [...(anchors.get(id) ?? []), hashIn(event)]);
      }
      yield item;
    }
  }
  return { items: watched(), anchors };
}

function hashIn({ fields }: EventRow): string {
  try {
    const { input } = JSON.parse(fields) as { input?: { manifest?: unknown } };
    return String(input?.manifest);
  } catch {
    return "unreadable";
  }
}

/**
 * Compares the store with what the trail says: every recording that was sealed must be there with the same manifest, and
 * none beside them. The contents are proved by the manifest: `verifyRecording`. Throws when the store cannot be asked.
 */
export async function verifyAnchors(deps: {
  readonly anchors: Anchors;
  readonly store: Store;
  readonly publicKey: KeyObject;
  readonly now: Date;
}): Promise<RecordingsVerdict> {
  const { anchors, store } = deps;
  const problems: { recording: string; what: string }[] = [];
  let problemCount = 0;
  const bad = (recording: string, what: string): void => {
    problemCount += 1;
    if (problems.length < SHOWN) problems.push({ recording, what });
  };
  for (const [id, hashes] of anchors) {
    if (hashes.length > 1) bad(id, `${hashes.length} events say that it was sealed`);
    const stored = await digestOf(store, id);
    if (stored === null) bad(id, "it was sealed, and its manifest is missing from the store");
    else if (stored !== hashes[0]) bad(id, "the manifest in the store is not the one that was sealed");
  }
  for await (const id of listRecordings(store)) {
    if (anchors.has(id) || (await isUnderWay(id, deps))) continue;
    bad(id, "it is in the store, and no event says that it was sealed");
  }
  return { good: problemCount === 0, compared: anchors.size, problems, problemCount };
}

async function digestOf(store: Store, id: string): Promise<string | null> {
  return manifestDigest(store, id).catch((error: unknown) => {
    if (error instanceof Fault && (error.code === "not_found" || error.code === "invalid")) return null;
    throw error;
  });
}

async function isUnderWay(id: string, deps: { store: Store; publicKey: KeyObject; now: Date }): Promise<boolean> {
  const manifest = await loadManifest({ ...deps, id }).catch(() => null);
  return manifest !== null && Date.parse(manifest.sealedAt) > deps.now.getTime() - UNDER_WAY_MS;
}
