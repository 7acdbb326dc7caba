import type { PlaybackChunk } from "../../../src/sessions/schema.ts";
import { createReel } from "./reel.ts";
import { isDue, keep, nearest, type Place, type Snapshot, step } from "./timeline.ts";

/** The screen that a recording is played on. */
export interface Stage {
  write(bytes: Uint8Array): Promise<void>;
  /** Empties the screen and gives it a size. */
  reset(cols: number, rows: number): void;
  resize(cols: number, rows: number): void;
  size(): { cols: number; rows: number };
  picture(): string;
  draw(picture: string): Promise<void>;
}

export interface View {
  readonly at: number;
  readonly playing: boolean;
  readonly loading: boolean;
  readonly ended: boolean;
  readonly speed: number;
  readonly skipIdle: boolean;
  readonly error: unknown;
}

export interface Playback {
  readonly view: View;
  play(): void;
  pause(): void;
  seek(ms: number): Promise<void>;
  speed(times: number): void;
  skipIdle(on: boolean): void;
  dispose(): void;
}

interface PlaybackDeps {
  /** Reads a stretch from a chunk's number on. */
  readonly read: (from: number) => Promise<{ chunks: readonly PlaybackChunk[]; next: number | null }>;
  readonly stage: Stage;
  readonly cols: number;
  readonly rows: number;
  readonly durationMs: number;
  readonly changed: (view: View) => void;
}

const TICK_MS = 16;
/** A slow tick does not make the recording jump. */
const LONGEST_TICK = 200;
const BATCH = 65_536;
const START: Place = { page: 0, offset: 0 };

/** Plays a recording: time, speed, idle, seeking from kept pictures of the screen. */
export function createPlayback({ read, stage, cols, rows, durationMs, changed }: PlaybackDeps): Playback {
  const reel = createReel(read);
  let view: View = { at: 0, playing: false, loading: false, ended: false, speed: 1, skipIdle: true, error: null };
  let place = START;
  /** Time of the last chunk that is on the screen. */
  let previous = 0;
  let snapshots: readonly Snapshot[] = [];
  let last = { ms: 0, bytes: 0 };
  /** Output that is read and not yet written; a seek that comes between takes it over. */
  let batch: Uint8Array[] = [];
  let waiting = 0;
  let writing: Promise<void> = Promise.resolve();
  /** Grows with each seek; work that began before it stops. */
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  stage.reset(cols, rows);

  const show = (change: Partial<View>): void => {
    view = { ...view, ...change };
    changed(view);
  };

  async function peek(): Promise<PlaybackChunk | null> {
    for (;;) {
      const chunk = reel.peek(place);
      if (chunk !== undefined) return chunk;
      show({ loading: true });
      const mine = turn;
      await reel.load(place);
      if (mine === turn && reel.peek(place) === undefined) place = reel.after(place);
      show({ loading: false });
      if (mine !== turn) return null;
    }
  }

  async function flush(): Promise<void> {
    if (waiting === 0) return;
    const bytes = joined(batch, waiting);
    batch = [];
    waiting = 0;
    writing = stage.write(bytes);
    await writing;
  }

  /** Puts everything up to a moment on the screen; false when a seek came between. */
  async function advanceTo(ms: number): Promise<boolean> {
    const mine = turn;
    for (;;) {
      const chunk = reel.peek(place) ?? (await peek());
      if (mine !== turn) return false;
      if (!chunk || chunk[0] > ms) break;
      const [time, kind, data] = chunk;
      const [width, height] = kind === "r" ? data.split("x").map(Number) : [];
      if (width && height) {
        await flush();
        if (mine !== turn) return false;
        stage.resize(width, height);
      }
      previous = time;
      place = reel.after(place);
      if (kind === "o") {
        const bytes = decode(data);
        batch.push(bytes);
        waiting += bytes.length;
        last = { ...last, bytes: last.bytes + bytes.length };
      }
      if (waiting >= BATCH) await flush();
      if (mine !== turn) return false;
      if (isDue(last.ms, time, last.bytes)) {
        await flush();
        if (mine !== turn) return false;
        snapshots = keep(snapshots, { ms: time, place, ...stage.size(), picture: stage.picture() });
        last = { ms: time, bytes: 0 };
      }
    }
    await flush();
    return mine === turn;
  }

  async function tick(since: number): Promise<void> {
    const now = performance.now();
    const mine = turn;
    let budget = Math.min(LONGEST_TICK, now - since) * view.speed;
    let { at } = view;
    while (budget > 0 && view.playing && mine === turn) {
      const chunk = await peek();
      if (mine !== turn) return;
      if (!chunk) {
        at = Math.min(durationMs, at + budget);
        if (at >= durationMs) show({ at: durationMs, playing: false, ended: true });
        break;
      }
      const went = step({ at, previous, next: chunk[0], budget, skipIdle: view.skipIdle });
      at = went.at;
      budget = went.left;
      if (at >= chunk[0] && !(await advanceTo(at))) return;
    }
    if (mine !== turn) return;
    show({ at });
    if (view.playing) timer = setTimeout(() => void run(now), TICK_MS);
  }

  const run = (since: number): Promise<void> =>
    tick(since).catch((error: unknown) => show({ error, playing: false, loading: false }));

  async function seek(ms: number): Promise<void> {
    const target = Math.max(0, Math.min(durationMs, ms));
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    show({ at: target, ended: target >= durationMs, error: null, loading: true });
    const base = nearest(snapshots, target);
    try {
      if (target < previous || (base && base.ms > previous)) await startFrom(base);
      if (mine !== turn || !(await advanceTo(target))) return;
      show({ at: target, loading: false });
      if (view.playing) timer = setTimeout(() => void run(performance.now()), 0);
    } catch (error) {
      if (mine === turn) show({ error, playing: false, loading: false });
    }
  }

  async function startFrom(base: Snapshot | null): Promise<void> {
    const mine = turn;
    await writing;
    if (mine !== turn) return;
    batch = [];
    waiting = 0;
    place = base?.place ?? START;
    previous = base?.ms ?? 0;
    last = { ms: previous, bytes: 0 };
    stage.reset(base?.cols ?? cols, base?.rows ?? rows);
    if (base) await (writing = stage.draw(base.picture));
  }

  return {
    get view() {
      return view;
    },
    play() {
      if (view.playing) return;
      const again = view.ended;
      show({ playing: true, ended: false, error: null });
      void (again ? seek(0) : run(performance.now()));
    },
    pause() {
      clearTimeout(timer);
      show({ playing: false });
    },
    seek,
    speed: (times) => show({ speed: times }),
    skipIdle: (on) => show({ skipIdle: on }),
    dispose() {
      turn += 1;
      clearTimeout(timer);
      view = { ...view, playing: false };
    },
  };
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
