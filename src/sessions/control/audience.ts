import { Fault } from "../../core/index.ts";
import { createScreenTail } from "./screen-tail.ts";

/** Who looks on: a web terminal that came back, or an administrator who watches. */
export interface Onlooker {
  readonly name: string;
  /** Whether others are told of it. */
  readonly announced: boolean;
  /** False when it cannot keep up; it is then let go. */
  show(bytes: Uint8Array): boolean;
  resized(cols: number, rows: number): void;
  ended(end: { reason: string; detail: string | null; exitCode: number | null }): void;
}

/** What a live terminal showed lately, and those who look on. A slow onlooker never slows the session. */
export interface Audience {
  readonly size: { cols: number; rows: number };
  /** Keeps none of the bytes themselves. */
  shown(bytes: Uint8Array): void;
  resized(cols: number, rows: number): void;
  /** Shows it what is on the screen, then all that follows. Returns how to leave. Fault `too_many` beyond 50. */
  join(onlooker: Onlooker): () => void;
  /** What was on the screen lately. */
  screen(): Buffer;
  names(): string[];
  ended(end: { reason: string; detail: string | null; exitCode: number | null }): void;
  /** Told when somebody comes or goes. */
  onChange(listener: () => void): void;
}

const TAIL_BYTES = 128 * 1024;
const MOST = 50;

/** What a screen that looks on can show. */
const CELLS = 1000;
const bounded = ({ cols, rows }: { cols: number; rows: number }) => ({
  cols: Math.min(CELLS, Math.max(1, cols)),
  rows: Math.min(CELLS, Math.max(1, rows)),
});

/** `screen` false: a stream of bytes rather than a terminal; then who joins sees only what follows. */
export function createAudience({ size, screen }: { size: { cols: number; rows: number }; screen: boolean }): Audience {
  const tail = screen ? createScreenTail(TAIL_BYTES) : null;
  const onlookers = new Set<Onlooker>();
  const listeners: (() => void)[] = [];
  const current = bounded(size);
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  function leave(onlooker: Onlooker): void {
    if (onlookers.delete(onlooker)) changed();
  }
  return {
    size: current,
    shown(bytes) {
      tail?.push(bytes);
      if (onlookers.size === 0) return;
      // Lent: the session goes on at once, an onlooker's socket when it can.
      const copy = Uint8Array.from(bytes);
      for (const onlooker of onlookers) if (!onlooker.show(copy)) leave(onlooker);
    },
    resized(cols, rows) {
      Object.assign(current, bounded({ cols, rows }));
      for (const onlooker of onlookers) onlooker.resized(current.cols, current.rows);
    },
    join(onlooker) {
      if (onlookers.size >= MOST) throw new Fault("too_many", `${MOST} people watch this session already.`);
      onlooker.resized(current.cols, current.rows);
      if (tail) onlooker.show(tail.read());
      onlookers.add(onlooker);
      changed();
      return () => leave(onlooker);
    },
    screen: () => tail?.read() ?? Buffer.alloc(0),
    names: () => [...onlookers].filter(({ announced }) => announced).map(({ name }) => name),
    ended(end) {
      for (const onlooker of onlookers) onlooker.ended(end);
      onlookers.clear();
    },
    onChange: (listener) => void listeners.push(listener),
  };
}
