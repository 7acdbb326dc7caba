import { type Actor, Fault } from "../../core/index.ts";
import type { JobContext } from "../jobs/kind.ts";
import type { Files } from "./files.ts";
import { LONGEST_CELL } from "./limits.ts";
import { inParallel, outcomeOf } from "./rows.ts";

/** What became of a row that was not refused. */
type RowDone = "created" | "updated" | "unchanged";

/** Few enough that others get their turn. */
const AT_ONCE = 4;

interface RowImport<P> {
  readonly rows: readonly (readonly string[])[];
  /** How many rows are worked off at once; absent: 4. */
  readonly atOnce?: number;
  /** How many rows may be done on rights that were taken away meanwhile. */
  readonly askEvery: number;
  /** Whoever started it, with what they hold now; Fault `denied` when they may not go on. */
  actorNow(): Promise<Actor>;
  /** What the rows of a batch need, asked for at one go. `line`: of the first. */
  prepare(rows: readonly (readonly string[])[]): Promise<P>;
  readonly batch: number;
  /** What the row is called in the results. */
  subjectOf(cells: readonly string[]): string;
  /** Does one row; a Fault refuses it alone. The head is line 1. */
  one(row: { actor: Actor; cells: readonly string[]; line: number; prepared: P }): Promise<RowDone>;
}

/** Works off the rows of a file, each refused one with its line and reason; returns the job's last word. */
export async function importRows<P>(job: JobContext<unknown>, work: RowImport<P>): Promise<string> {
  const { rows, batch, askEvery } = work;
  const counts: Record<RowDone | "failed", number> = { created: 0, updated: 0, unchanged: 0, failed: 0 };
  let actor = await work.actorNow();
  let begun = 0;
  let done = 0;
  job.progress(0, rows.length);

  async function row(cells: readonly string[], line: number, prepared: P): Promise<void> {
    if (cells.every((cell) => cell.trim() === "")) return;
    if (++begun % askEvery === 0) actor = await work.actorNow();
    const { outcome, message } = await outcomeOf(async () => {
      if (cells.some((cell) => cell.length > LONGEST_CELL)) throw new Fault("invalid", "A cell holds too much text.");
      counts[await work.one({ actor, cells, line, prepared })] += 1;
    });
    if (outcome === "failed") {
      counts.failed += 1;
      await job.result({ outcome, subject: `Line ${line}: ${work.subjectOf(cells)}`, message });
    }
    job.progress(++done, rows.length);
  }

  for (let first = 0; first < rows.length; first += batch) {
    const part = rows.slice(first, first + batch);
    const prepared = await work.prepare(part);
    // The head is line 1.
    await inParallel(
      part,
      work.atOnce ?? AT_ONCE,
      (cells, index) => row(cells, first + index + 2, prepared),
      job.signal,
    );
  }
  job.progress(rows.length, rows.length);
  const unchanged = counts.unchanged > 0 ? `${counts.unchanged} unchanged, ` : "";
  return `${counts.created} created, ${counts.updated} changed, ${unchanged}${counts.failed} refused.`;
}

/** Removes the file when its import has ended; a program that stops goes on later and needs it. */
export async function thenDrop(files: Files, fileId: string, work: () => Promise<string>): Promise<string> {
  try {
    const word = await work();
    await files.drop(fileId);
    return word;
  } catch (error) {
    if (error instanceof Fault) await files.drop(fileId);
    throw error;
  }
}
