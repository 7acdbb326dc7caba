import { Fault, type Runtime, systemActor } from "../../core/index.ts";
import type { Database, Db, Sealer } from "../../db/index.ts";
import {
  type Abandoned,
  abandonedJobs,
  beat,
  type ClaimedJob,
  claimJob,
  endJob,
  type Ending,
  forgetOldJobs,
  giveBack,
} from "./claim.store.ts";
import type { AnyJobKind } from "./kind.ts";
import { Lost, runJob } from "./run-job.ts";

const MOST_AT_ONCE = 4;
const BEAT_MS = 5_000;
/** A worker that was not heard of for this long is dead; with the beat, a killed one is noticed within 35 seconds. */
const SILENT_SECONDS = 30;
const BELIEVED_MS = 25_000;
const MOST_CRASHES = 3;
const KEPT_DAYS = 90;
const PARTING_MS = 5_000;

/** Why a job's signal is aborted. */
type Reason = "cancelled" | "lost" | "stopping";

interface Held {
  readonly job: ClaimedJob;
  readonly ending: AbortController;
  reason: Reason | null;
  done: Promise<void>;
}

/** What works off the queue of jobs in this process. */
export interface JobWorker {
  /** Something may have changed: look at once. */
  look(): void;
  /** Ends the work: jobs that can go on later go back to the queue. */
  stop(): Promise<void>;
}

export interface WorkerDeps {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly sealer: Sealer;
  readonly kinds: readonly AnyJobKind[];
  readonly say: (message: string, error?: unknown) => void;
  /** For tests. */
  readonly silentSeconds?: number;
  readonly beatMs?: number;
}

export function startJobWorker(deps: WorkerDeps): JobWorker {
  const { database, runtime, sealer, say, silentSeconds = SILENT_SECONDS, beatMs = BEAT_MS } = deps;
  const kinds = new Map(deps.kinds.map((kind) => [kind.key, kind]));
  if (kinds.size !== deps.kinds.length) throw new Error("Two kinds of jobs share a key");
  const held = new Map<string, Held>();
  let stopping = false;
  let asked = false;
  let looking: Promise<void> | undefined;
  let heardAt = performance.now();

  function abort(one: Held, reason: Reason): void {
    one.reason ??= reason;
    one.ending.abort(new Error(`The job was ${reason}`));
  }

  async function renew(): Promise<void> {
    if (held.size === 0) return void (heardAt = performance.now());
    const still = await beat(
      database.db,
      [...held.values()].map(({ job }) => job),
    );
    heardAt = performance.now();
    const known = new Map(still.map((claim) => [`${claim.id} ${claim.attempt}`, claim]));
    for (const one of held.values()) {
      const claim = known.get(`${one.job.id} ${one.job.attempt}`);
      if (!claim) abort(one, "lost");
      else if (claim.cancelling) abort(one, "cancelled");
    }
  }

  async function fill(): Promise<void> {
    while (!stopping && held.size < MOST_AT_ONCE) {
      const job = await claimJob(database.db, [...kinds.keys()]);
      if (!job) return;
      const one: Held = { job, ending: new AbortController(), reason: null, done: Promise.resolve() };
      held.set(job.id, one);
      if (job.cancelling) abort(one, "cancelled");
      one.done = work(one).finally(() => {
        held.delete(job.id);
        look();
      });
    }
  }

  async function work(one: Held): Promise<void> {
    const { job } = one;
    const kind = kinds.get(job.kind)!;
    let ending: Ending;
    try {
      const message = await runJob({ database, sealer, kind, job, signal: one.ending.signal });
      ending = { state: "done", message };
    } catch (error) {
      ending = endingOf(one, kind, error);
    }
    try {
      // Work that went on to its end is done, whatever was asked meanwhile.
      if (ending.state !== "done" && one.reason === "stopping" && kind.afterCrash !== "fail") {
        await giveBack(database.db, job);
      } else await conclude(job, ending);
    } catch (error) {
      say(`the end of the job ${job.id} could not be written`, error);
    }
  }

  function endingOf(one: Held, kind: AnyJobKind, error: unknown): Ending {
    if (one.reason === "cancelled") return { state: "cancelled", message: null };
    if (one.reason === "stopping") return { state: "failed", message: "The program was stopped. Start the job again." };
    if (error instanceof Fault) return { state: "failed", message: error.message };
    if (!(error instanceof Lost) && one.reason !== "lost") say(`the job ${one.job.id} (${kind.key}) failed`, error);
    return { state: "failed", message: `A mistake in the program ended it. Look for ${one.job.id} in the log.` };
  }

  /** Writes the end, and its event where somebody may ask for it. A claim that was lost writes nothing. */
  const conclude = (job: ClaimedJob | Abandoned, ending: Ending): Promise<void> =>
    database.transaction(async (db) => {
      if (!(await endJob(db, job, ending))) return;
      const byPerson = "startedBy" in job && job.startedBy !== null;
      if (ending.state !== "failed" && !byPerson) return;
      await runtime.record(db, {
        action: "job.end",
        actor: systemActor(job.orgId),
        outcome: ending.state === "failed" ? "error" : "ok",
        target: { kind: "job", id: job.id, name: job.title },
        fields: { kind: job.kind, state: ending.state, message: ending.message },
      });
    });

  /** Jobs of processes that died go on, or end with words. */
  async function takeOver(): Promise<void> {
    const failed = await database.transaction(async (db) => {
      const ending: Abandoned[] = [];
      for (const job of await abandonedJobs(db, silentSeconds)) {
        const kind = kinds.get(job.kind);
        if (job.cancelling || job.crashes >= MOST_CRASHES || kind?.afterCrash === "fail") ending.push(job);
        else await giveBack(db, job);
      }
      return ending;
    });
    for (const job of failed) {
      if (job.cancelling) await conclude(job, { state: "cancelled", message: null });
      else await conclude(job, { state: "failed", message: wordsOfCrash(job) });
    }
  }

  async function round(): Promise<void> {
    do {
      asked = false;
      await renew();
      await takeOver();
      await fill();
    } while (asked && !stopping);
  }

  function look(): void {
    asked = true;
    if (stopping || looking) return;
    looking = round()
      .catch((error: unknown) => say("looking for jobs failed", error))
      .finally(() => {
        looking = undefined;
        if (asked) look();
      });
  }

  const timer = setInterval(() => {
    // Whoever cannot renew must believe that another process has taken over.
    if (performance.now() - heardAt > BELIEVED_MS) for (const one of held.values()) abort(one, "lost");
    look();
  }, beatMs);
  const sweeping = setInterval(
    () => void forgetOldJobs(database.db, KEPT_DAYS).catch((error: unknown) => say("removing old jobs failed", error)),
    60_000,
  );
  look();

  return {
    look,
    async stop() {
      stopping = true;
      clearInterval(timer);
      clearInterval(sweeping);
      for (const one of held.values()) abort(one, "stopping");
      await looking;
      const parting = new AbortController();
      const all = Promise.all([...held.values()].map(({ done }) => done));
      const late = new Promise<void>((resolve) => {
        const patience = setTimeout(resolve, PARTING_MS);
        parting.signal.addEventListener("abort", () => (clearTimeout(patience), resolve()), { once: true });
      });
      await Promise.race([all, late]);
      parting.abort();
    },
  };
}

const wordsOfCrash = ({ crashes }: Abandoned): string =>
  crashes >= MOST_CRASHES
    ? `The process that ran it died ${crashes} times. Look into the log before you start it again.`
    : "The process that ran it died. Look at the results to see how far it came, and start it again.";
