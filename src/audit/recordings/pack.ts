import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Chunk, MAX_CHUNK } from "./frame.ts";

/** Below it compressing costs more than it saves. */
const SMALLEST = 48 * 1024;
/** What does not shrink below this share is left as it is, and so are the next ones. */
const WORTH = 0.75;
const SKIPPED = 15;
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Compresses the bytes of a chunk, or returns null when that does not pay. */
export type Pack = (parts: readonly Buffer[], length: number) => Buffer | null;

/**
 * For one recording's bulk output (zstd, RFC 8878): hashing, encrypting and writing less is cheaper than compressing
 * costs. What does not compress is tried again only once in sixteen.
 */
export function createPacker(): Pack {
  let skip = 0;
  return (parts, length) => {
    if (length < SMALLEST) return null;
    if (skip > 0) {
      skip -= 1;
      return null;
    }
    const [only] = parts;
    const packed = zstdCompressSync(parts.length === 1 && only ? only : Buffer.concat(parts, length), FAST);
    if (packed.length <= length * WORTH) return packed;
    skip = SKIPPED;
    return null;
  };
}

/** The chunk with its bytes as they were shown. Throws when they cannot be unpacked or are more than a chunk holds. */
export function unpacked(chunk: Chunk): Chunk {
  if (!chunk.packed) return chunk;
  const bytes = zstdDecompressSync(chunk.bytes, { maxOutputLength: MAX_CHUNK });
  return { ...chunk, bytes, length: bytes.length, packed: false };
}
