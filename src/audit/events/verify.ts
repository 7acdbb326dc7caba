import type { KeyObject } from "node:crypto";
import { CHAIN_START, nextHash } from "./chain.ts";
import type { CheckpointRow, SealRow } from "./chain.store.ts";
import { Checkpoint, checkpointProblem } from "./checkpoint.ts";
import type { EventRow } from "./event-row.ts";
import type { TrailItem } from "./trail.ts";

const SHOWN = 20;
const LATE_MS = 60_000;

/** Something in the trail that cannot be true. */
export interface Problem {
  readonly position: number | null;
  readonly eventId: string | null;
  readonly at: string | null;
  readonly action: string | null;
  /** What differs, as a sentence. */
  what: string;
}

/** What verification found. */
export interface Verdict {
  readonly good: boolean;
  readonly sealed: number;
  readonly checkpoints: number;
  /** Checkpoints of the local file that were compared; null without a file. */
  readonly compared: number | null;
  /** Events that wait for the sealer, and the oldest of them. */
  readonly unsealed: number;
  readonly oldestUnsealed: string | null;
  readonly newestCheckpoint: { readonly position: number; readonly hash: string; readonly at: string } | null;
  /** The first 20, in the order of the chain. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
}

export interface VerifyOptions {
  readonly publicKey: KeyObject;
  /** What the local file says, by ascending position. */
  readonly expected?: { readonly checkpoints: readonly Checkpoint[]; readonly badLines: readonly number[] } | null;
}

/**
 * Proves a trail with nothing but the rows and the public key: positions without gaps, every hash, every signature,
 * every signed hash in the chain, every event sealed or waiting, and the local checkpoints where they are given.
 */
export async function verifyTrail(items: AsyncIterable<TrailItem>, options: VerifyOptions): Promise<Verdict> {
  const proof = new Proof(options);
  for await (const item of items) {
    if (item.kind === "seal") proof.seal(item.row);
    else if (item.kind === "checkpoint") proof.checkpoint(item.row);
    else if (item.kind === "unsealed") proof.unsealed(item.event, item.queued);
    else proof.damage(item.what);
  }
  return proof.verdict();
}

type Place = Partial<Omit<Problem, "what">>;

class Proof {
  private readonly publicKey: KeyObject;
  private readonly expected: VerifyOptions["expected"];
  private readonly problems: Problem[] = [];
  private problemCount = 0;
  private position = 0;
  private hash: Buffer = CHAIN_START;
  /** After a row whose hash does not fit: what it should have been. */
  private doubt: { readonly hash: Buffer; readonly problem: Problem } | null = null;
  private sealed = 0;
  private checkpoints = 0;
  private newest: Verdict["newestCheckpoint"] = null;
  private newestSealedAt = "";
  private compared = 0;
  private waiting = 0;
  private oldestWaiting: string | null = null;

  constructor({ publicKey, expected }: VerifyOptions) {
    this.publicKey = publicKey;
    this.expected = expected;
    for (const line of expected?.badLines ?? []) this.bad({}, `line ${line} of the checkpoint file cannot be read`);
  }

  seal(row: SealRow): void {
    const position = Number(row.position);
    const event = row.event;
    const place: Place = { position, eventId: row.event_id, at: event?.at ?? null, action: event?.action ?? null };
    if (!Number.isSafeInteger(position) || position <= this.position) {
      return void this.bad(place, `position ${row.position} cannot follow position ${this.position}`);
    }
    const gap = position !== this.position + 1;
    if (gap) this.missing(this.position + 1, position - 1);
    this.sealed += 1;
    if (!event) this.bad(place, "the event is missing; its place in the chain is left");
    else this.follow(event, row, place, gap);
    this.position = position;
    this.hash = Buffer.from(row.hash, "hex");
    if (event && event.at > this.newestSealedAt) this.newestSealedAt = event.at;
    this.compareWithFile();
  }

  /** Checks one link; where the row before did not fit, tells whether its event or its hash was changed. */
  private follow(event: EventRow, row: SealRow, place: Place, gap: boolean): void {
    const doubt = this.doubt;
    this.doubt = null;
    if (event.id !== row.event_id) return void this.bad(place, `it stands for event ${event.id}`);
    if (gap) return;
    const hash = nextHash(this.hash, event);
    if (hash.toString("hex") === row.hash) return;
    if (doubt && nextHash(doubt.hash, event).toString("hex") === row.hash) {
      doubt.problem.what = "the hash in the chain was changed: its event and the next link give another one";
      return;
    }
    const problem = this.bad(place, "the event was changed or replaced: its columns do not give the hash in the chain");
    this.doubt = { hash, problem };
  }

  checkpoint(row: CheckpointRow): void {
    const place: Place = { position: Number(row.position), at: row.at };
    const parsed = Checkpoint.safeParse({ ...row, position: Number(row.position) });
    if (!parsed.success) return void this.bad(place, "the checkpoint is malformed");
    const checkpoint = parsed.data;
    this.checkpoints += 1;
    const problem = checkpointProblem(checkpoint, this.publicKey);
    if (problem) return void this.bad(place, `the checkpoint proves nothing: ${problem}`);
    const { position, hash, at } = checkpoint;
    this.newest = { position, hash, at };
    if (position > this.position)
      this.bad(place, `a checkpoint was signed here, but the chain ends at ${this.position}`);
    else if (position < this.position) this.bad(place, "a checkpoint was signed for a position that is missing");
    else if (hash !== this.hash.toString("hex"))
      this.bad(place, "the chain has another hash than the signed checkpoint");
  }

  /** An event that is not in the chain: fine while it waits in the queue and is among the newest. */
  unsealed(event: EventRow, queued: boolean): void {
    const place: Place = { eventId: event.id, at: event.at, action: event.action };
    if (!queued) return void this.bad(place, "the event is not in the chain and does not wait for it");
    this.waiting += 1;
    if (this.oldestWaiting === null || event.at < this.oldestWaiting) this.oldestWaiting = event.at;
    const late = Date.parse(this.newestSealedAt) - Date.parse(event.at);
    if (late > LATE_MS)
      this.bad(place, `the event was left out: events ${Math.round(late / 1000)} s younger are in the chain`);
  }

  damage(what: string): void {
    this.bad({}, what);
  }

  private compareWithFile(): void {
    const lines = this.expected?.checkpoints ?? [];
    for (let line = lines[this.compared]; line && line.position <= this.position; line = lines[this.compared]) {
      this.compared += 1;
      const place: Place = { position: line.position, at: line.at };
      const problem = checkpointProblem(line, this.publicKey);
      if (problem) this.bad(place, `the checkpoint in the local file proves nothing: ${problem}`);
      else if (line.position < this.position)
        this.bad(place, "the local file holds a checkpoint of a missing position");
      else if (line.hash !== this.hash.toString("hex")) {
        this.bad(place, "the chain has another hash than the checkpoint in the local file");
      }
    }
  }

  private missing(from: number, to: number): void {
    const rows = from === to ? `position ${from} is` : `positions ${from} to ${to} are`;
    this.bad({ position: from }, `${rows} missing from the chain`);
  }

  private bad(place: Place, what: string): Problem {
    const { position = null, eventId = null, at = null, action = null } = place;
    const problem = { position, eventId, at, action, what };
    this.problemCount += 1;
    if (this.problems.length < SHOWN) this.problems.push(problem);
    return problem;
  }

  verdict(): Verdict {
    if (this.position > (this.newest?.position ?? 0)) {
      const from = (this.newest?.position ?? 0) + 1;
      this.bad({ position: from }, `positions ${from} to ${this.position} are covered by no valid checkpoint`);
    }
    const beyond = this.expected?.checkpoints.slice(this.compared) ?? [];
    const cut = beyond.filter((line) => checkpointProblem(line, this.publicKey) === null).at(-1);
    if (cut) {
      const what = `the end of the chain is missing: it stops at ${this.position}, position ${cut.position} was signed at ${cut.at}`;
      this.bad({ position: this.position + 1 }, what);
    }
    for (const line of beyond) {
      if (checkpointProblem(line, this.publicKey))
        this.bad({ position: line.position }, "a checkpoint in the local file proves nothing");
    }
    return {
      good: this.problemCount === 0,
      sealed: this.sealed,
      checkpoints: this.checkpoints,
      compared: this.expected ? this.compared : null,
      unsealed: this.waiting,
      oldestUnsealed: this.oldestWaiting,
      newestCheckpoint: this.newest,
      problems: this.problems,
      problemCount: this.problemCount,
    };
  }
}
