import { Kysely, type Transaction } from "kysely";
import { Pool } from "pg";
import { clientConfig, type DatabaseAddress } from "./address.ts";
import { pipeliningDialect } from "./ahead.ts";
import { type Listener, type Listening, listen } from "./notify.ts";
import type { Tables } from "./tables.ts";

/** The group role the program works as; what it may do is granted in the migrations. */
export const APP_ROLE = "sallyport_app";

/** An open pool; whoever made it closes it. */
export interface Database {
  readonly db: Kysely<Tables>;
  readonly pool: Pool;
  /** Commits when `work` resolves, rolls back when it throws. */
  transaction<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>;
  /** Opens a connection of its own for LISTEN; see `listen`. */
  listen(channels: readonly string[], listener: Listener): Promise<Listening>;
  /** Ends every connection of the pool; waits for those in use. */
  close(): Promise<void>;
}

/** Where to sign in, and as whom to work there. */
export type DatabaseOptions = DatabaseAddress & {
  /** The role to work as; null keeps the role of the sign-in. */
  readonly role?: string | null;
  /** Connections at most. */
  readonly max?: number;
  /** Told when an idle connection is lost; the pool opens another by itself. */
  readonly lost?: (error: Error) => void;
};

const LIMITS = {
  statement_timeout: 30_000,
  idle_in_transaction_session_timeout: 15_000,
  lock_timeout: 10_000,
} as const;

/**
 * Opens a pool (lazily: the first query connects). Statements end after 30 s, a transaction left idle after 15 s, a
 * wait for a lock after 10 s. bigint arrives as number (RangeError beyond 2^53), timestamptz as Date.
 */
export function createDatabase(options: DatabaseOptions): Database {
  const { role = APP_ROLE, max = 20, lost = () => {}, ...address } = options;
  const settings = role === null ? LIMITS : { ...LIMITS, role };
  const pool = new Pool({ ...clientConfig(address, settings), pipeline: true, max, idleTimeoutMillis: 30_000 });
  pool.on("error", lost);
  // The pool listens only while a connection is idle; one lost between two queries of a user would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db = new Kysely<Tables>({ dialect: pipeliningDialect(pool) });
  let closing: Promise<void> | undefined;
  return {
    db,
    pool,
    transaction: (work) => db.transaction().execute(work),
    listen: (channels, listener) => listen({ config: clientConfig(address, {}), channels, listener }),
    close: () => (closing ??= db.destroy().then(() => (pool.ended ? undefined : pool.end()))),
  };
}
