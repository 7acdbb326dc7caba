import { randomFillSync } from "node:crypto";

// Drawn for many at once: a draw costs as much as everything else a write does with its id.
const pool = Buffer.allocUnsafeSlow(16 * 256);
let used = pool.length;

/** A new UUIDv7 (RFC 9562 section 5.7): 48 bits of milliseconds, then 74 random bits, so new rows sort last. */
export function newId(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, (used += 16));
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
