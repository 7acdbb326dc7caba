import { afterEach, describe, expect, test, vi } from "vitest";
import type { PlaybackChunk } from "../../../src/sessions/schema.ts";
import { createPlayback, type Stage } from "./playback.ts";
import { createReel } from "./reel.ts";
import { isDue, keep, nearest, readSeconds, type Snapshot, step } from "./timeline.ts";

const PAGE = 7;
const text = (ms: number, words: string): PlaybackChunk => [ms, "o", btoa(words)];

function reader(chunks: readonly PlaybackChunk[]) {
  return vi.fn(async (from: number) => ({
    chunks: chunks.slice(from, from + PAGE),
    next: from + PAGE < chunks.length ? from + PAGE : null,
  }));
}

/** A screen that is only text, so that what was written in which order can be compared. */
function textStage() {
  const screen = { text: "", cols: 80, rows: 24, resets: 0 };
  const stage: Stage = {
    write: async (bytes) => void (screen.text += new TextDecoder().decode(bytes)),
    reset: (cols, rows) => void Object.assign(screen, { text: "", cols, rows, resets: screen.resets + 1 }),
    resize: (cols, rows) => void Object.assign(screen, { cols, rows }),
    size: () => ({ cols: screen.cols, rows: screen.rows }),
    picture: () => screen.text,
    draw: async (picture) => void (screen.text = picture),
  };
  return { screen, stage };
}

const letters = Array.from({ length: 200 }, (_, at) => text(at * 1000, `${at};`));
const upTo = (ms: number) =>
  letters
    .filter(([at]) => at <= ms)
    .map((_, at) => `${at};`)
    .join("");
const make = (chunks: readonly PlaybackChunk[], durationMs: number) => {
  const read = reader(chunks);
  const { screen, stage } = textStage();
  return {
    read,
    screen,
    playback: createPlayback({ read, stage, cols: 80, rows: 24, durationMs, changed: () => undefined }),
  };
};

describe("time", () => {
  test("runs with the budget, and no further than the next chunk", () => {
    expect(step({ at: 100, previous: 0, next: 1000, budget: 50, skipIdle: true })).toEqual({ at: 150, left: 0 });
    expect(step({ at: 990, previous: 0, next: 1000, budget: 50, skipIdle: true })).toEqual({ at: 1000, left: 40 });
    expect(step({ at: 1200, previous: 0, next: 1000, budget: 5, skipIdle: true })).toEqual({ at: 1200, left: 5 });
  });

  test("an idle stretch shrinks to half a second, also from its middle", () => {
    expect(step({ at: 0, previous: 0, next: 60_000, budget: 500, skipIdle: true })).toEqual({ at: 60_000, left: 0 });
    expect(step({ at: 30_000, previous: 0, next: 60_000, budget: 300, skipIdle: true })).toEqual({
      at: 60_000,
      left: 50,
    });
    expect(step({ at: 0, previous: 0, next: 60_000, budget: 500, skipIdle: false })).toEqual({ at: 500, left: 0 });
    expect(step({ at: 0, previous: 0, next: 2000, budget: 500, skipIdle: true }).at).toBe(500);
  });

  test.each([
    ["95", 95],
    ["1:35", 95],
    ["1:02:03", 3723],
    ["12.5", 12.5],
  ])("reads %s as %d seconds", (typed, seconds) => expect(readSeconds(typed)).toBe(seconds));
  test.each([null, "", "x", "-5", "1:2:3:4", "1e9"])("refuses %s as a place", (typed) =>
    expect(readSeconds(typed)).toBeNull(),
  );
});

describe("snapshots", () => {
  const at = (ms: number): Snapshot => ({ ms, place: { page: 0, offset: 0 }, cols: 80, rows: 24, picture: "" });

  test("the nearest is the newest not after the moment", () => {
    const all = [at(10), at(20), at(30)];
    expect(nearest(all, 25)?.ms).toBe(20);
    expect(nearest(all, 30)?.ms).toBe(30);
    expect(nearest(all, 9)).toBeNull();
    expect(nearest([], 9)).toBeNull();
  });

  test("are kept in order, once each, and thinned when they become many", () => {
    let all: readonly Snapshot[] = [];
    for (let ms = 1000; ms > 0; ms -= 1) all = keep(keep(all, at(ms)), at(ms));
    expect(all.length).toBeLessThanOrEqual(240);
    expect(all.map(({ ms }) => ms)).toEqual(all.map(({ ms }) => ms).toSorted((a, b) => a - b));
    expect(new Set(all.map(({ ms }) => ms)).size).toBe(all.length);
  });

  test("are due after half a minute or a quarter of a megabyte, never without output", () => {
    expect(isDue(0, 30_000, 1)).toBe(true);
    expect(isDue(0, 29_999, 1000)).toBe(false);
    expect(isDue(0, 1, 262_144)).toBe(true);
    expect(isDue(0, 99_999, 0)).toBe(false);
  });
});

describe("seeking", () => {
  test.each([0, 500, 6000, 6999, 7000, 42_000, 123_456, 199_000, 500_000])(
    "shows exactly what stood there at %d ms",
    async (ms) => {
      const { playback, screen } = make(letters, 200_000);
      await playback.seek(ms);
      expect(screen.text).toBe(upTo(ms));
      expect(playback.view.at).toBe(Math.min(ms, 200_000));
      expect(playback.view.loading).toBe(false);
    },
  );

  test("back and forth shows the same as from the start, and starts from a snapshot", async () => {
    const { playback, screen, read } = make(letters, 200_000);
    await playback.seek(190_000);
    const calls = read.mock.calls.length;
    for (const ms of [70_000, 185_500, 31_000, 3000, 120_000]) {
      await playback.seek(ms);
      expect(screen.text).toBe(upTo(ms));
    }
    expect(read.mock.calls.length).toBe(calls);
    const before = screen.resets;
    await playback.seek(125_000);
    expect(screen.resets).toBe(before);
  });

  test("the last of several seeks at once wins", async () => {
    const { playback, screen } = make(letters, 200_000);
    await Promise.all([playback.seek(180_000), playback.seek(10_000), playback.seek(50_000)]);
    expect(screen.text).toBe(upTo(50_000));
    expect(playback.view.at).toBe(50_000);
  });

  test("keeps the size of the screen, across snapshots too", async () => {
    const resized = letters.toSpliced(100, 0, [99_500, "r", "132x43"]);
    const { playback, screen } = make(resized, 200_000);
    await playback.seek(150_000);
    expect(screen).toMatchObject({ cols: 132, rows: 43 });
    await playback.seek(95_000);
    expect(screen).toMatchObject({ cols: 80, rows: 24 });
    await playback.seek(140_000);
    expect(screen).toMatchObject({ cols: 132, rows: 43, text: upTo(140_000) });
  });

  test("a page that cannot be read is told, and can be tried again", async () => {
    const { stage, screen } = textStage();
    const good = reader(letters);
    let fail = true;
    const read = async (from: number) => (from >= 14 && fail ? Promise.reject(new Error("away")) : good(from));
    const playback = createPlayback({ read, stage, cols: 80, rows: 24, durationMs: 200_000, changed: () => undefined });
    await playback.seek(100_000);
    expect(playback.view.error).toMatchObject({ message: "away" });
    fail = false;
    await playback.seek(100_000);
    expect(playback.view.error).toBeNull();
    expect(screen.text).toBe(upTo(100_000));
  });
});

describe("playing", () => {
  afterEach(() => void vi.useRealTimers());

  test("at double speed, through idle time, to the end", async () => {
    vi.useFakeTimers();
    const chunks = [text(0, "a"), text(1000, "b"), text(61_000, "c"), text(62_000, "d")];
    const { playback, screen } = make(chunks, 62_500);
    playback.speed(2);
    playback.play();
    await vi.advanceTimersByTimeAsync(450);
    expect(screen.text).toBe("a");
    await vi.advanceTimersByTimeAsync(150);
    expect(screen.text).toBe("ab");
    await vi.advanceTimersByTimeAsync(250);
    expect(screen.text).toBe("abc");
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.text).toBe("abcd");
    expect(playback.view).toMatchObject({ ended: true, playing: false, at: 62_500 });
    playback.play();
    await vi.advanceTimersByTimeAsync(50);
    expect(screen.text).toBe("a");
    playback.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("pause stops, and a seek while playing goes on from there", async () => {
    vi.useFakeTimers();
    const { playback, screen } = make(letters, 200_000);
    playback.play();
    await vi.advanceTimersByTimeAsync(3100);
    playback.pause();
    await vi.advanceTimersByTimeAsync(5000);
    expect(screen.text).toBe(upTo(3000));
    playback.play();
    await playback.seek(50_000);
    await vi.advanceTimersByTimeAsync(2100);
    expect(screen.text).toBe(upTo(52_000));
    playback.dispose();
  });
});

describe("reel", () => {
  test("reads each page once, and again after it was let go", async () => {
    const big = Array.from({ length: 30 }, (_, at): PlaybackChunk => [at, "o", "A".repeat(4 * 1024 * 1024)]);
    const read = vi.fn(async (from: number) => ({
      chunks: big.slice(from, from + 3),
      next: from + 3 < big.length ? from + 3 : null,
    }));
    const reel = createReel(read);
    let seen = 0;
    for (let place = { page: 0, offset: 0 }; ; place = reel.after(place)) {
      if (reel.peek(place) === undefined) await reel.load(place);
      if (reel.peek(place) === null) break;
      seen += 1;
    }
    expect(seen).toBe(30);
    expect(read).toHaveBeenCalledTimes(10);
    expect(reel.peek({ page: 0, offset: 0 })).toBeUndefined();
    await reel.load({ page: 0, offset: 0 });
    expect(reel.peek({ page: 0, offset: 0 })?.[0]).toBe(0);
  });
});
