import type { Stream } from "./channel.ts";

/**
 * Gathers what arrives in one turn of the event loop, up to 256 KiB: one call for all of it costs less than one for each
 * piece. It copies, into buffers that are used again: a buffer of its own for each piece had V8 collect all garbage every
 * 35 MB of traffic, a quarter of a bulk relay's time.
 */
export interface Gather {
  /** Done with the bytes when it returns. A promise: taken as well, but wait for it before giving more. */
  add(bytes: Buffer, stream: Stream): Promise<void> | undefined;
  /** Passes on what was gathered, then acts: for what must not overtake it. */
  after(action: () => void): void;
}

/** So much goes on at once, whatever else the turn brings. */
const FULL = 256 * 1024;
/** From here on it is bulk, and waits for the next turn as long as each brings more: fewer and larger writes. */
const BULK = 32 * 1024;
/** Of all sessions; nobody is given more of one than was written into it. */
const spare: Buffer[] = [];
const MOST_SPARE = 8;

/**
 * `pass` gets the bytes of one stream in their order, and the next only when it is done with those before. They are its own
 * until it returns, or until its promise settles.
 */
export function createGather(pass: (bytes: Buffer, stream: Stream) => Promise<void> | undefined): Gather {
  let room: Buffer | undefined;
  let size = 0;
  let of: Stream = 0;
  let planned = false;
  let before = 0;
  let busy: Promise<void> | undefined;

  function endTurn(): void {
    planned = false;
    if (size >= BULK && size > before) plan();
    else flush();
  }

  function plan(): void {
    if (planned) return;
    planned = true;
    before = size;
    setImmediate(endTurn);
  }

  function flush(): void {
    before = 0;
    if (!room) return;
    const [used, bytes, stream] = [room, room.subarray(0, size), of];
    room = undefined;
    size = 0;
    const passing = busy ? busy.then(() => pass(bytes, stream)) : pass(bytes, stream);
    if (!passing) return giveBack(used);
    const mine = passing.finally(() => {
      giveBack(used);
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
      if (stream !== of) flush();
      of = stream;
      for (let at = 0; at < bytes.length; ) {
        room ??= spare.pop() ?? Buffer.allocUnsafeSlow(FULL);
        const taken = bytes.copy(room, size, at);
        at += taken;
        size += taken;
        if (size === FULL) flush();
      }
      if (room) plan();
      return busy;
    },
  };
}

function giveBack(buffer: Buffer): void {
  if (spare.length < MOST_SPARE) spare.push(buffer);
}
