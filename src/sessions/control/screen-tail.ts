const FIRST = 4096;

/** The newest bytes of a terminal, at most `limit`: what somebody who joins is shown first. */
export interface ScreenTail {
  push(bytes: Uint8Array): void;
  /** Oldest first. */
  read(): Buffer;
}

/** Grows from 4 KiB as needed; never beyond `limit` bytes. */
export function createScreenTail(limit: number): ScreenTail {
  let ring = Buffer.allocUnsafeSlow(Math.min(FIRST, limit));
  let end = 0;
  let held = 0;

  function grow(wanted: number): void {
    let size = ring.length;
    while (size < wanted && size < limit) size *= 2;
    size = Math.min(size, limit);
    if (size === ring.length) return;
    const larger = Buffer.allocUnsafeSlow(size);
    held = read().copy(larger);
    end = held % size;
    ring = larger;
  }

  function read(): Buffer {
    const start = (end - held + ring.length) % ring.length;
    if (start + held <= ring.length) return Buffer.from(ring.subarray(start, start + held));
    return Buffer.concat([ring.subarray(start), ring.subarray(0, end)]);
  }

  return {
    push(bytes) {
      const newest = bytes.length > limit ? bytes.subarray(bytes.length - limit) : bytes;
      if (held + newest.length > ring.length) grow(held + newest.length);
      const room = ring.length - end;
      ring.set(newest.subarray(0, room), end);
      if (newest.length > room) ring.set(newest.subarray(room), 0);
      end = (end + newest.length) % ring.length;
      held = Math.min(held + newest.length, ring.length);
    },
    read,
  };
}
