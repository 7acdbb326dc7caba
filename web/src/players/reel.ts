import type { PlaybackChunk } from "../../../src/sessions/schema.ts";
import type { Place } from "./timeline.ts";

interface Page {
  readonly from: number;
  readonly next: number | null;
  chunks: readonly PlaybackChunk[] | null;
  readonly count: number;
  readonly size: number;
  used: number;
}

interface Reel {
  /** The chunk there; null at the end of the recording; undefined when it has to be loaded first. */
  peek(place: Place): PlaybackChunk | null | undefined;
  /** Loads what `peek` lacked. */
  load(place: Place): Promise<void>;
  after(place: Place): Place;
}

const HELD_AT_MOST = 64 * 1024 * 1024;

/** The recording as pages of chunks, read when needed; those not used for longest are let go beyond 64 MiB. */
export function createReel(
  read: (from: number) => Promise<{ chunks: readonly PlaybackChunk[]; next: number | null }>,
): Reel {
  const pages: Page[] = [];
  let clock = 0;

  function letGo(): void {
    let held = pages.reduce((total, page) => total + (page.chunks ? page.size : 0), 0);
    for (const page of pages.filter(({ chunks }) => chunks).toSorted((a, b) => a.used - b.used)) {
      if (held <= HELD_AT_MOST || page.used === clock) return;
      page.chunks = null;
      held -= page.size;
    }
  }

  async function load(at: number): Promise<void> {
    const known = pages[at];
    const before = pages[at - 1];
    if (known?.chunks || (at > 0 && !before)) return;
    const from = known?.from ?? before?.next ?? 0;
    const { chunks, next } = await read(from);
    const size = chunks.reduce((total, [, , data]) => total + data.length, 0);
    pages[at] = {
      from,
      next: next !== null && next > from ? next : null,
      chunks,
      count: chunks.length,
      size,
      used: ++clock,
    };
    letGo();
  }

  return {
    peek({ page, offset }) {
      const held = pages[page];
      if (!held) return page > 0 && pages[page - 1]?.next === null ? null : undefined;
      if (!held.chunks) return undefined;
      held.used = ++clock;
      return held.chunks[offset] ?? (held.next === null ? null : undefined);
    },
    load: ({ page }) => load(page),
    after({ page, offset }) {
      const held = pages[page];
      return held && offset + 1 >= held.count && held.next !== null
        ? { page: page + 1, offset: 0 }
        : { page, offset: offset + 1 };
    },
  };
}
