import { Fault } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import { addPiece, type Claim, readPiece } from "./claim.store.ts";

/** Small, so that no piece holds up the event loop: a sealed array of them in one answer took 110 ms to read. */
const PIECE_BYTES = 128 * 1024;
const MOST_BYTES = 16 * 1024 * 1024;

const contextOf = (id: string, place: number, count: number): string => `job.input:${id}:${place}/${count}`;

/** Adds the input as JSON to its job, sealed in pieces that open only at their place. Fault `too_large` above 16 MiB. */
export async function writeSealedInput(db: Db, sealer: Sealer, id: string, input: unknown): Promise<void> {
  const text = Buffer.from(JSON.stringify(input ?? null));
  if (text.length > MOST_BYTES) throw new Fault("too_large", "That is too much for one job. Split it into several.");
  const count = Math.ceil(text.length / PIECE_BYTES);
  for (let place = 0; place < count; place++) {
    const piece = text.subarray(place * PIECE_BYTES, (place + 1) * PIECE_BYTES);
    await addPiece(db, id, sealer.seal(piece, contextOf(id, place, count)));
  }
}

/** What `writeSealedInput` wrote. */
export async function readSealedInput(
  db: Db,
  sealer: Sealer,
  job: Claim & { readonly pieces: number },
): Promise<unknown> {
  const parts: Buffer[] = [];
  for (let place = 0; place < job.pieces; place++) {
    parts.push(sealer.open(await readPiece(db, job.id, place + 1), contextOf(job.id, place, job.pieces)));
  }
  return JSON.parse(Buffer.concat(parts).toString()) as unknown;
}
