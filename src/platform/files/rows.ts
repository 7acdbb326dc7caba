import { type Actor, type AnyAction, type Endpoint, Fault, run, type Runtime } from "../../core/index.ts";
import { type Db, violated } from "../../db/index.ts";
import type { z } from "zod";

/** What became of one row. */
export interface RowOutcome {
  readonly outcome: "ok" | "failed";
  readonly message: string;
}

/** Does one row as a call of its own: permission, guards, transaction and audit event as if it came alone. */
export type RunRow = <I extends z.ZodType, O extends z.ZodType>(
  actor: Actor,
  endpoint: Endpoint<I, O>,
  input: unknown,
) => Promise<z.output<O>>;

/** Finds the action among these that keeps the endpoint of a row. */
export function createRowRunner(runtime: Runtime<Db>, actions: readonly AnyAction<Db>[]): RunRow {
  return async (actor, endpoint, input) => {
    const action = actions.find((one) => one.endpoint === endpoint);
    if (!action) throw new Error(`No action keeps ${endpoint.name}`);
    return (await run(runtime, action, actor, input)) as never;
  };
}

/** A refusal is the row's own; the rows after it go on. */
export async function outcomeOf(work: () => Promise<unknown>): Promise<RowOutcome> {
  try {
    await work();
    return { outcome: "ok", message: "" };
  } catch (error) {
    if (error instanceof Fault) return { outcome: "failed", message: error.message };
    const rule = violated(error);
    if (rule) return { outcome: "failed", message: `Not possible: ${rule.replaceAll("_", " ")}.` };
    return { outcome: "failed", message: "A mistake in the program; the audit trail has the event." };
  }
}

/** Works off the items, so many at a time, in order of their beginning; stops beginning once `signal` is aborted. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      signal?.throwIfAborted();
      const index = next++;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}

/** Tells which place held the same name earlier; null: none did. The first of them counts. */
export function createSeen(): (name: string, place: number) => number | null {
  const places = new Map<string, number>();
  return (text, place) => {
    const name = text.trim().toLowerCase();
    const earlier = places.get(name);
    if (earlier === undefined) places.set(name, place);
    return earlier ?? null;
  };
}
