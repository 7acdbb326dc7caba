import { createHash, hash } from "node:crypto";
import { canonicalEvent, type EventRow } from "./event-row.ts";

/** What stands in for the hash before the first event. */
export const CHAIN_START = createHash("sha256").update("sallyport audit chain 1\n").digest();

/** The next link of the chain: SHA-256(previous hash || canonical event). */
export const nextHash = (previous: Buffer, row: EventRow): Buffer =>
  hash("sha256", Buffer.concat([previous, Buffer.from(canonicalEvent(row))]), "buffer");
