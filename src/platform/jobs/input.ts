import { Fault } from "../../core/index.ts";
import type { Sealer } from "../../db/index.ts";

/** Below what the sealer takes at once. */
const PIECE_BYTES = 512 * 1024;
const MOST_PIECES = 32;

const contextOf = (id: string, place: number, count: number): string => `job.input:${id}:${place}/${count}`;

/** The input as JSON, sealed in pieces that open only at their place in this job. Fault `too_large` above 16 MiB. */
export function sealInput(sealer: Sealer, id: string, input: unknown): Buffer[] {
  const text = Buffer.from(JSON.stringify(input ?? null));
  const count = Math.ceil(text.length / PIECE_BYTES);
  if (count > MOST_PIECES) throw new Fault("too_large", "That is too much for one job. Split it into several.");
  return Array.from({ length: count }, (_, place) =>
    sealer.seal(text.subarray(place * PIECE_BYTES, (place + 1) * PIECE_BYTES), contextOf(id, place, count)),
  );
}

/** What `sealInput` sealed. */
export function openInput(sealer: Sealer, id: string, pieces: readonly Buffer[]): unknown {
  const text = Buffer.concat(pieces.map((piece, place) => sealer.open(piece, contextOf(id, place, pieces.length))));
  return JSON.parse(text.toString()) as unknown;
}
