import type { z } from "zod";
import type { Actor } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

/** What became of one item of a job. */
export interface JobResult {
  readonly outcome: "ok" | "skipped" | "failed";
  /** Which item: a login name, a host, a line. At most 200 characters are kept. */
  readonly subject: string;
  /** For a person; no secret. At most 1,000 characters are kept. */
  readonly message: string;
}

/** Where a job stands. */
export interface JobPlace {
  readonly done: number;
  /** Null while nobody knows. */
  readonly total: number | null;
  /** Whatever the kind needs to go on from here: small JSON, no secret. */
  readonly checkpoint?: unknown;
}

/** What the work of a job is given. */
export interface JobContext<I> {
  readonly id: string;
  readonly orgId: string | null;
  /** Whoever started it, as the actor of audit events. It holds no permission: what it may do is asked anew where it counts. */
  readonly actor: Actor;
  readonly input: I;
  /** Where an earlier try of a kind that resumes was left; zero at the first. */
  readonly from: JobPlace;
  /** Aborted when the job is cancelled, taken over or the program stops: throw or return soon, nothing is written any more. */
  readonly signal: AbortSignal;
  /** Tells how far it is; written a few times a second. */
  progress(done: number, total?: number | null): void;
  /** Adds a line to the job's results; waits while many of them are not written yet. */
  result(row: JobResult): Promise<void>;
  /**
   * Does a piece of the work in one transaction with its results and the place reached: after a crash a kind that resumes
   * goes on behind the last piece, and no piece counts twice. Throws when the job was cancelled or taken over.
   */
  step(work: (db: Db) => Promise<{ readonly place: JobPlace; readonly results?: readonly JobResult[] }>): Promise<void>;
}

/** A kind of background work. */
export interface JobKind<I extends z.ZodType = z.ZodType> {
  /** A word in kebab-case. */
  readonly key: string;
  /** In English; the console has its own words for the key. */
  readonly title: string;
  /** What whoever starts one must hold; null when the caller has seen to it. */
  readonly permission: string | null;
  /**
   * Input with text that is hidden from events is stored sealed. It is parsed when the job starts and again when it runs,
   * at one go: thousands of items belong into one text, to be read piece by piece.
   */
  readonly input: I;
  /**
   * What happens when its process died: `resume` runs it again with `from`, `restart` from the beginning with its results
   * removed, `fail` ends it. After the third such death every kind fails.
   */
  readonly afterCrash: "resume" | "restart" | "fail";
  /** Returns the job's last word, if there is one. A Fault's message is shown; any other error is a bug and is logged. */
  run(context: JobContext<z.output<I>>): Promise<string | void>;
}

/** A kind of any shape, as lists hold it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the input is checked by the kind's own schema before it runs
export type AnyJobKind = JobKind<any>;

/** Declares a kind of job. Throws at start-up when the key is no word. */
export function jobKind<I extends z.ZodType>(kind: JobKind<I>): JobKind<I> {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(kind.key)) throw new Error(`Not a key of a job: ${kind.key}`);
  return kind;
}
