import { createPublicKey, type KeyObject } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../stores/index.ts";
import { whenIdle } from "./idle.ts";
import type { Unwrap } from "./keys.ts";
import type { Manifest } from "./schema.ts";
import { openSealing, type Sealing } from "./seal-recording.ts";
import { listSpool, lockIsHeld, SpoolDamage, spoolPath, takeLock } from "./spool.ts";

/** What the mover of recordings needs. */
export interface SealerOptions {
  readonly spoolDirectory: string;
  readonly store: Store;
  readonly unwrap: Unwrap;
  /** The Ed25519 private key manifests are signed with. */
  readonly signingKey: KeyObject;
  /** Awaited before the spool goes; called again if it throws or the process dies, so it must be repeatable. */
  readonly onSealed: (manifest: Manifest) => void | Promise<void>;
  /** Told of every failed attempt; it is tried again, after 1 s at first and 5 min at most. */
  readonly onFailed: (failure: { readonly id: string; readonly attempts: number; readonly error: unknown }) => void;
  /** Whether a recording is still being written; by default its lock file is asked. */
  readonly isLive?: (id: string) => boolean | Promise<boolean>;
  /** How often the spool is looked at; 2,000 ms. */
  readonly everyMs?: number;
  /** How long it rests after each segment, as a multiple of the time that took; 2, which is a third of one core. */
  readonly rest?: number;
  /** Whether it waits for spare processor time before each segment, up to three seconds. */
  readonly yields?: boolean;
  /** How long a live session's chunks wait for a segment to fill; 600,000 ms. */
  readonly liveEveryMs?: number;
}

/** Moves recordings from the spool into the store. */
export interface Sealer {
  start(): void;
  /** Looks at the spool at once, as when a session has ended. */
  nudge(): void;
  /** Resolves when the step under way has come to an end. */
  stop(): Promise<void>;
}

const LEFTOVER_MS = 10 * 60_000;
const MAX_WAIT_MS = 5 * 60_000;

interface Work {
  sealing: Sealing | null;
  attempts: number;
  notBefore: number;
}

/**
 * Moves recordings from the spool into the store, one at a time, those of live sessions while they run. A crash at any
 * point loses nothing and repeats at most one segment. Of several sealers on one spool one works, the others stand by.
 */
export function createSealer(options: SealerOptions): Sealer {
  const { spoolDirectory: spool } = options;
  const lock = join(spool, ".sealer");
  const publicKey = createPublicKey(options.signingKey);
  const works = new Map<string, Work>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> | null = null;
  let wake: (() => void) | null = null;
  let nudged = false;
  let leading = false;

  const isLive = options.isLive ?? ((id: string) => lockIsHeld(join(spoolPath(spool, id), "lock")));

  /** True when more can be done at once. */
  const advance = async (id: string, work: Work): Promise<boolean> => {
    const directory = spoolPath(spool, id);
    const live = await isLive(id);
    work.sealing ??= await openSealing({
      ...options,
      directory,
      publicKey,
      signal,
      liveEveryMs: options.liveEveryMs ?? 600_000,
    });
    const step = await work.sealing.advance(live);
    work.attempts = 0;
    if (step === "more" || step === "waiting") return step === "more";
    await options.onSealed(step.manifest);
    await forget(id);
    const aside = join(spool, `${step.damaged ? ".damaged" : ".removed"}-${id}`);
    await rename(directory, aside);
    if (!step.damaged) await rm(aside, { recursive: true, force: true });
    return false;
  };

  const forget = async (id: string): Promise<void> => {
    const sealing = works.get(id)?.sealing;
    works.delete(id);
    await sealing?.close();
  };

  /** Nothing of it can be read; it is kept, but not tried again. */
  const setAside = async (id: string): Promise<void> => {
    if (!(await isLive(id))) await rename(spoolPath(spool, id), join(spool, `.damaged-${id}`));
  };

  const attempt = async (id: string): Promise<boolean> => {
    const work = works.get(id) ?? { sealing: null, attempts: 0, notBefore: 0 };
    works.set(id, work);
    if (performance.now() < work.notBefore) return false;
    try {
      return await advance(id, work);
    } catch (error) {
      if (signal.aborted) return false;
      await work.sealing?.close().catch(() => {});
      if (error instanceof SpoolDamage) await setAside(id);
      const attempts = work.attempts + 1;
      const notBefore = performance.now() + Math.min(MAX_WAIT_MS, 1000 * 2 ** (attempts - 1));
      works.set(id, { sealing: null, attempts, notBefore });
      options.onFailed({ id, attempts, error });
      return false;
    }
  };

  const round = async (): Promise<boolean> => {
    if (!leading) {
      mkdirSync(spool, { recursive: true, mode: 0o700 });
      leading = takeLock(lock);
      if (!leading) return false;
      await removeLeftovers(spool);
    }
    let more = false;
    const ids = await listSpool(spool);
    for (const id of works.keys()) if (!ids.includes(id)) await forget(id);
    for (const id of ids) {
      if (signal.aborted) return false;
      if (await attempt(id)) more = true;
    }
    return more;
  };

  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const begun = performance.now();
      const more = await round().catch((error) => {
        options.onFailed({ id: "", attempts: 1, error });
        return false;
      });
      const everyMs = options.everyMs ?? 2000;
      if (more && options.yields) await whenIdle(signal);
      if (more) await pause(Math.min(everyMs, (performance.now() - begun) * (options.rest ?? 2)));
      else if (!nudged) await pause(everyMs);
      nudged = false;
    }
    for (const id of works.keys()) await forget(id);
    if (leading) await rm(lock, { force: true });
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (signal.aborted) wake();
    });

  return {
    start: () => void (running ??= loop()),
    nudge() {
      nudged = true;
      wake?.();
    },
    async stop() {
      stopping.abort();
      wake?.();
      await running;
    },
  };
}

/** What a crash left while a spool directory was being made or removed. */
async function removeLeftovers(spool: string): Promise<void> {
  for (const name of await readdir(spool)) {
    const path = join(spool, name);
    if (name.startsWith(".removed-")) await rm(path, { recursive: true, force: true });
    if (!name.startsWith(".new-")) continue;
    const found = await stat(path).catch(() => null);
    if (found && found.mtimeMs < Date.now() - LEFTOVER_MS) await rm(path, { recursive: true, force: true });
  }
}
