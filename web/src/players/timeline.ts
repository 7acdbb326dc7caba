/** Silence longer than this is idle. */
const IDLE_MS = 2000;
/** What an idle stretch takes when idle is skipped. */
const SHRUNK_MS = 500;

/** A kept picture of the screen, from which replay can start. */
export interface Snapshot {
  readonly ms: number;
  readonly place: Place;
  readonly cols: number;
  readonly rows: number;
  readonly picture: string;
}

/** A chunk's place: which page, and which chunk in it. */
export interface Place {
  readonly page: number;
  readonly offset: number;
}

/**
 * Goes on from `at` for `budget` milliseconds of replay, at most to the next chunk. Inside an idle stretch, which lies
 * between `previous` and `next`, recorded time runs faster when idle is skipped. Returns what is left of the budget.
 */
export function step(from: { at: number; previous: number; next: number; budget: number; skipIdle: boolean }): {
  at: number;
  left: number;
} {
  const { at, previous, next, budget, skipIdle } = from;
  const gap = next - previous;
  const rate = skipIdle && gap > IDLE_MS ? gap / SHRUNK_MS : 1;
  const needed = Math.max(0, (next - at) / rate);
  return budget >= needed ? { at: Math.max(at, next), left: budget - needed } : { at: at + budget * rate, left: 0 };
}

const EVERY_MS = 30_000;
const EVERY_BYTES = 262_144;
const MOST = 240;

/** Whether it is time to keep a picture: every 30 seconds of recording or 256 KiB of output. */
export const isDue = (last: number, now: number, bytes: number): boolean =>
  bytes > 0 && (now - last >= EVERY_MS || bytes >= EVERY_BYTES);

/** The newest snapshot at or before a moment; null means from the start. */
export function nearest(snapshots: readonly Snapshot[], ms: number): Snapshot | null {
  let [low, high] = [0, snapshots.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (snapshots[middle]!.ms <= ms) low = middle + 1;
    else high = middle;
  }
  return snapshots[low - 1] ?? null;
}

/** Adds a snapshot in order of time; of too many every second one goes. */
export function keep(snapshots: readonly Snapshot[], fresh: Snapshot): readonly Snapshot[] {
  if (snapshots.some(({ ms }) => ms === fresh.ms)) return snapshots;
  const all = [...snapshots, fresh].toSorted((a, b) => a.ms - b.ms);
  return all.length <= MOST ? all : all.filter((_, at) => at % 2 === 1 || at === all.length - 1);
}

/** Seconds of the address's `t`: `95`, `1:35`, `1:02:03`, also with a fraction. Null if it is none. */
export function readSeconds(text: string | null): number | null {
  if (!text || !/^(\d{1,6}:)?(\d{1,6}:)?\d{1,7}(\.\d{1,3})?$/.test(text)) return null;
  return text.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}
