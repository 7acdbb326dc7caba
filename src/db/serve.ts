import type { z } from "zod";
import type { Action, Endpoint, Occurrence, Runtime } from "../core/index.ts";
import type { Database } from "./connection.ts";
import type { Db } from "./handle.ts";

/**
 * Keeps an endpoint's promise: `access` says who may call, `before` does slow work ahead of the transaction (write it
 * above `run`, so that `prepared` gets its type), `run` does the work. Throws nothing itself.
 */
export function serve<I extends z.ZodType, O extends z.ZodType, P = undefined>(
  endpoint: Endpoint<I, O>,
  keeping: Omit<Action<Db, I, O, P>, "endpoint">,
): Action<Db, I, O, P> {
  return { endpoint, ...keeping };
}

/** What `run()` of core works with on this database; `record` writes one audit event, in the given transaction. */
export function createRuntime(deps: {
  readonly database: Pick<Database, "db" | "transaction">;
  readonly now: () => Date;
  readonly record: (db: Db, occurrence: Occurrence) => Promise<void>;
}): Runtime<Db> {
  return { db: deps.database.db, now: deps.now, transaction: deps.database.transaction, record: deps.record };
}
