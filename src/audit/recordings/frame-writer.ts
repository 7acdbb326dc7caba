import { createCipheriv, createHash, type KeyObject } from "node:crypto";
import { writeSync, writevSync } from "node:fs";
import { HASH, HEAD, type Head, TAG, writeHead, writeNonce } from "./frame.ts";

/** Below it the ciphertext is joined and written with one write: cheaper than a list of small buffers. */
const SMALL = 4096;
/** Larger results of the cipher would each be mapped and unmapped by malloc (0.15 ns a byte in page faults). */
const SLICE = 64 * 1024;
const nonce = Buffer.alloc(12);

/** What a frame takes in the spool. */
export const frameSize = (length: number): number => HEAD + HASH + length + TAG;

/**
 * Encrypts and writes one frame of the layout in frame.ts; the kernel holds it when this returns. `parts` together are
 * the chunk's bytes. Returns the new end of the hash chain. Throws the system's error; the frame may then be torn.
 */
export function writeFrame(
  file: number,
  key: KeyObject,
  previous: Buffer,
  head: Head,
  parts: readonly Buffer[],
): Buffer {
  const start = Buffer.allocUnsafe(HEAD);
  writeHead(start, 0, head);
  writeNonce(nonce, head.sequence);
  const hashing = createHash("sha256").update(previous).update(start);
  for (const part of parts) hashing.update(part);
  const hash = hashing.digest();

  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(start);
  const out = [start, cipher.update(hash)];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += SLICE) out.push(cipher.update(part.subarray(at, at + SLICE)));
  }
  cipher.final();
  out.push(cipher.getAuthTag());
  writeAll(file, out, frameSize(head.length));
  return hash;
}

function writeAll(file: number, buffers: Buffer[], size: number): void {
  const whole = size <= SMALL ? Buffer.concat(buffers, size) : null;
  let done = whole ? writeSync(file, whole) : writevSync(file, buffers);
  if (done === size) return;
  const rest = whole ?? Buffer.concat(buffers, size);
  while (done < size) done += writeSync(file, rest, done);
}
