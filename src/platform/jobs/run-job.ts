import { type Actor, Fault, systemActor } from "../../core/index.ts";
import type { Database, Db, Sealer } from "../../db/index.ts";
import { type ClaimedJob, startOver, writeProgress } from "./claim.store.ts";
import { readSealedInput } from "./input.ts";
import type { AnyJobKind, JobContext, JobPlace, JobResult } from "./kind.ts";

const FLUSH_MS = 300;
const MOST_WAITING = 500;
const MOST_RESULTS = 200_000;

/** Thrown within a job whose results nobody may write any more. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** Runs one claimed job to the end of its work; throws what the work throws, `Lost` when the claim was taken away. */
export async function runJob(deps: {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly kind: AnyJobKind;
  readonly job: ClaimedJob;
  readonly signal: AbortSignal;
}): Promise<string | null> {
  const { database, sealer, kind, job, signal } = deps;
  const again = job.attempt > 1;
  if (again && kind.afterCrash !== "resume" && !(await startOver(database.db, job)))
    throw new Lost("It was taken over");
  const raw = job.pieces > 0 ? await readSealedInput(database.db, sealer, job) : job.input;
  const parsed = kind.input.safeParse(raw);
  if (!parsed.success) throw new Fault("invalid", "This version of the program does not understand the job's input.");
  const from: JobPlace =
    again && kind.afterCrash === "resume"
      ? { done: job.done, total: job.total, checkpoint: job.checkpoint }
      : { done: 0, total: null };
  const notes = createNotes(database.db, job, from);
  const context: JobContext<unknown> = {
    id: job.id,
    orgId: job.orgId,
    actor: actorOf(job),
    input: parsed.data,
    from,
    signal,
    progress: (done, total) => notes.reach(done, total),
    result: (row) => notes.add(row),
    async step(work) {
      signal.throwIfAborted();
      await notes.flush();
      const reached = await database.transaction(async (db: Db) => {
        const { place, results = [] } = await work(db);
        signal.throwIfAborted();
        if (!(await writeProgress(db, job, { place, results }))) throw new Lost("The job was taken over");
        return place;
      });
      notes.reached(reached);
    },
  };
  try {
    const word = await kind.run(context);
    await notes.flush();
    return word ?? null;
  } finally {
    await notes.close();
  }
}

function actorOf({ startedBy, startedByName, orgId }: ClaimedJob): Actor {
  const system = systemActor(orgId);
  return startedBy === null ? system : { ...system, kind: "person", id: startedBy, name: startedByName };
}

/** Gathers progress and results, and writes them together a few times a second. */
function createNotes(db: Db, job: ClaimedJob, from: JobPlace) {
  let place: JobPlace = { done: from.done, total: from.total };
  let moved = false;
  let waiting: JobResult[] = [];
  let count = 0;
  let writing: Promise<void> = Promise.resolve();
  let failed: Error | undefined;

  async function write(): Promise<void> {
    if (failed) throw failed;
    if (!moved && waiting.length === 0) return;
    const results = waiting;
    const reached = moved ? place : undefined;
    waiting = [];
    moved = false;
    try {
      const held = await db.transaction().execute((tx) => writeProgress(tx, job, { place: reached, results }));
      if (!held) throw new Lost("The job was taken over");
    } catch (error) {
      failed = error as Error;
      throw error;
    }
  }

  const flush = (): Promise<void> => {
    const next = writing.then(write, write);
    writing = next;
    next.catch(() => {});
    return next;
  };
  const timer = setInterval(() => void flush().catch(() => {}), FLUSH_MS);

  return {
    flush,
    reach(done: number, total: number | null = place.total): void {
      place = { done, total };
      moved = true;
    },
    reached({ done, total }: JobPlace): void {
      place = { done, total };
    },
    async add(row: JobResult): Promise<void> {
      if (++count > MOST_RESULTS) return;
      waiting.push(row);
      if (waiting.length >= MOST_WAITING) await flush();
    },
    async close(): Promise<void> {
      clearInterval(timer);
      await flush().catch(() => {});
    },
  };
}
