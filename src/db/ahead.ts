import { type CompiledQuery, type DatabaseConnection, type Dialect, type Driver, PostgresDialect } from "kysely";
import { type Pool, Query } from "pg";
import type { Db } from "./handle.ts";

const AHEAD = Symbol("sent ahead");

/**
 * Sends a statement whose rows nobody needs. In a transaction it does not wait for the answer: it travels with the
 * commit, or with the next statement if there is one. If it fails, nothing is committed, and the transaction throws the
 * statement's error. Outside a transaction it waits and throws as any other.
 */
export async function sendAhead(db: Db, query: CompiledQuery): Promise<void> {
  await db.executeQuery({ ...query, [AHEAD]: true } as CompiledQuery);
}

/** The dialect of a pool of pipelining clients, with which `sendAhead` works. */
export function pipeliningDialect(pool: Pool): Dialect {
  const open: Open = new WeakMap();
  const dialect = new PostgresDialect({
    pool,
    onCreateConnection: async (connection) => void holdAhead(connection, open),
  });
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => commitWithHeld(dialect.createDriver(), open),
  };
}

/** What a transaction still has to say and to hear: the statement that waits for the next one, answers to those sent. */
interface Ahead {
  held: { readonly query: CompiledQuery; readonly send: () => Promise<unknown> } | null;
  readonly answers: Promise<unknown>[];
}
type Open = WeakMap<DatabaseConnection, Ahead>;

function holdAhead(connection: DatabaseConnection, open: Open): void {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async <R>(query: CompiledQuery, options?: Parameters<typeof execute>[1]) => {
    const transaction = open.get(connection);
    if (transaction) sendHeld(transaction);
    if (!transaction || !(AHEAD in query)) return execute<R>(query, options);
    transaction.held = { query, send: () => execute(query, options) };
    return { rows: [] };
  };
}

function sendHeld(transaction: Ahead): void {
  if (!transaction.held) return;
  const answer = transaction.held.send();
  transaction.held = null;
  answer.catch(() => {});
  transaction.answers.push(answer);
}

function commitWithHeld(driver: Driver, open: Open): Driver {
  const begin = driver.beginTransaction.bind(driver);
  const commit = driver.commitTransaction.bind(driver);
  const rollback = driver.rollbackTransaction.bind(driver);
  function close(connection: DatabaseConnection): Ahead {
    const transaction = open.get(connection) ?? { held: null, answers: [] };
    open.delete(connection);
    return transaction;
  }
  driver.beginTransaction = async (connection, settings) => {
    await begin(connection, settings);
    open.set(connection, { held: null, answers: [] });
  };
  driver.commitTransaction = async (connection) => {
    const { held, answers } = close(connection);
    const end = held ? sendWithCommit(connection, held.query) : commit(connection);
    const [before, after] = await Promise.allSettled([Promise.all(answers), end]);
    if (before.status === "rejected") throw before.reason;
    if (after.status === "rejected") throw after.reason;
  };
  driver.rollbackTransaction = async (connection) => {
    const { answers } = close(connection);
    const [, end] = await Promise.allSettled([Promise.all(answers), rollback(connection)]);
    if (end.status === "rejected") throw end.reason;
  };
  return driver;
}

const COMMIT = "commit-with";
/** Connections whose server knows the statement COMMIT. */
const prepared = new WeakSet<Wire>();

/**
 * Sends the statement and COMMIT as one message and hears one answer: each message costs both sides a system call and
 * a change of process, a fifth of what an audited write costs. After a failed statement PostgreSQL skips the COMMIT.
 */
async function sendWithCommit(connection: DatabaseConnection, query: CompiledQuery): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly { readonly command: string }[]>();
  const { text, name = "" } = preparedOf(query);
  const both = new Query(text, [...query.parameters]) as unknown as PgQuery;
  both.name = name;
  both.callback = (error, results) => (error ? reject(error) : resolve(results));
  let used: Wire | undefined;
  both._getRows = (wire) => {
    wire.execute({ portal: "" });
    // Whether an earlier attempt that failed had come to prepare it is not known.
    if (!prepared.has(wire)) {
      wire.close({ type: "S", name: COMMIT });
      wire.parse({ text: "commit", name: COMMIT, types: [] });
    }
    wire.bind({ portal: "", statement: COMMIT, values: [] });
    wire.execute({ portal: "" });
    wire.sync();
    used = wire;
  };
  await connection.executeQuery({ ...query, parameters: [], sql: both as unknown as string });
  const results = await promise;
  if (used) prepared.add(used);
  if (results.at(-1)?.command !== "COMMIT") throw new Error("The transaction was rolled back");
}

/** Kysely hands `sql` to pg as it is, which may be a statement with a name. */
function preparedOf({ sql }: CompiledQuery): { readonly text: string; readonly name?: string } {
  return typeof (sql as unknown) === "string" ? { text: sql } : (sql as unknown as { text: string; name: string });
}

/** What pg's Query does with its connection, which its types leave out. */
interface PgQuery {
  name: string;
  callback: (error: Error | null, results: readonly { readonly command: string }[]) => void;
  /** Sent last, behind the parameters. */
  _getRows: (wire: Wire) => void;
}
type Wire = Readonly<Record<"execute" | "parse" | "bind" | "close" | "sync", (message?: object) => void>>;
