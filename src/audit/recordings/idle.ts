import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";

/** Below this share of idle processor time, background work waits. */
const IDLE_SHARE = 0.25;
const LOOK_MS = 100;
const LONGEST_MS = 3_000;

interface Ticks {
  readonly idle: number;
  readonly all: number;
}

function ticks(): Ticks {
  const sum = { idle: 0, all: 0 };
  for (const { times } of cpus()) {
    sum.idle += times.idle;
    sum.all += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return sum;
}

/**
 * Resolves when the machine has a quarter of its processors to spare, looking every 100 ms, after three seconds at the
 * latest: moving recordings must not slow those that are being made, nor wait for ever.
 */
export async function whenIdle(signal: AbortSignal, longestMs: number = LONGEST_MS): Promise<void> {
  const until = performance.now() + longestMs;
  let before = ticks();
  while (!signal.aborted && performance.now() < until) {
    await pause(LOOK_MS, undefined, { signal }).catch(() => {});
    const now = ticks();
    const all = now.all - before.all;
    if (all > 0 && (now.idle - before.idle) / all >= IDLE_SHARE) return;
    before = now;
  }
}
