import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../db/index.ts";
import { CHAIN_START, nextHash } from "./chain.ts";
import {
  appendLinks,
  hasUnsealed,
  insertCheckpoint,
  type Link,
  lockChain,
  readHead,
  takeUnsealed,
} from "./chain.store.ts";
import { type Checkpoint, signCheckpoint } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";
import type { EventRow } from "./event-row.ts";
import type { SigningKey } from "./signing-key.ts";

const BATCH = 2_000;
const TICK_MS = 500;
const TICK_AFTER_FAILURE_MS = 2_000;

export interface SealerDeps {
  readonly database: Pick<Database, "db" | "transaction">;
  readonly now: () => Date;
  readonly signingKey: SigningKey;
  readonly checkpointFile: CheckpointFile;
  readonly log: (message: string, error?: unknown) => void;
}

/** Links what is committed and not linked yet; returns how many events. Another sealing process makes it return 0. */
export async function sealAll(deps: SealerDeps): Promise<number> {
  let linked = 0;
  let newest: Checkpoint | null = null;
  try {
    while (await hasUnsealed(deps.database.db)) {
      const batch = await sealBatch(deps);
      if (!batch) break;
      linked += batch.linked;
      newest = batch.checkpoint ?? newest;
      if (batch.taken < BATCH) break;
    }
  } finally {
    if (newest) await deps.checkpointFile.append(newest);
  }
  return linked;
}

interface Batch {
  readonly taken: number;
  readonly linked: number;
  readonly checkpoint: Checkpoint | null;
}

/** One transaction: links and their checkpoint appear together, so the chain never ends unsigned. */
function sealBatch({ database, now, signingKey }: SealerDeps): Promise<Batch | null> {
  return database.transaction(async (tx) => {
    if (!(await lockChain(tx))) return null;
    const { taken, rows } = await takeUnsealed(tx, BATCH);
    if (rows.length === 0) return { taken, linked: 0, checkpoint: null };
    const links = link(await readHead(tx), rows);
    await appendLinks(tx, links);
    const checkpoint = signCheckpoint({ ...links.at(-1)!, at: now() }, signingKey);
    await insertCheckpoint(tx, checkpoint);
    return { taken, linked: links.length, checkpoint };
  });
}

function link(head: { position: number; hash: Buffer } | null, rows: readonly EventRow[]): Link[] {
  let position = head?.position ?? 0;
  let hash: Buffer = head?.hash ?? CHAIN_START;
  return rows.map((row) => {
    position += 1;
    hash = nextHash(hash, row);
    return { position, eventId: row.id, hash };
  });
}

/**
 * Seals every half second until the signal, and once more then; a failure is logged and tried again after two
 * seconds. Any number of processes may run it: one at a time extends the chain.
 */
export async function startSealing(deps: SealerDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const failed = await attempt(deps);
    await pause(failed ? TICK_AFTER_FAILURE_MS : TICK_MS, undefined, { signal }).catch(() => {});
  }
  await attempt(deps);
}

async function attempt(deps: SealerDeps): Promise<boolean> {
  try {
    await sealAll(deps);
    return false;
  } catch (error) {
    deps.log("Audit events could not be sealed", error);
    return true;
  }
}
