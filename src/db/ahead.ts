import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresDialect,
  type QueryResult,
} from "kysely";
import type { Pool } from "pg";
import type { Db } from "./handle.ts";

const ahead = new WeakSet<CompiledQuery>();

/**
 * Sends a statement whose rows nobody needs. In a transaction it does not wait for the answer: the commit travels right
 * behind, and waits for both. If the statement fails, PostgreSQL takes the commit for a rollback, and the transaction
 * throws the statement's error. Outside a transaction it waits and throws as any other.
 */
export async function sendAhead(db: Db, query: CompiledQuery): Promise<void> {
  ahead.add(query);
  await db.executeQuery(query);
}

/** The dialect of a pool of pipelining clients, with which `sendAhead` works. */
export function pipeliningDialect(pool: Pool): Dialect {
  const sent = new WeakMap<DatabaseConnection, Promise<unknown>[]>();
  const dialect = new PostgresDialect({
    pool,
    onCreateConnection: async (connection) => void letAheadPass(connection, sent),
  });
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => waitAtTheEnd(dialect.createDriver(), sent),
  };
}

type Sent = WeakMap<DatabaseConnection, Promise<unknown>[]>;

function letAheadPass(connection: DatabaseConnection, sent: Sent): void {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async <R>(query: CompiledQuery, options?: Parameters<typeof execute>[1]) => {
    const answer: Promise<QueryResult<R>> = execute<R>(query, options);
    const inTransaction = sent.get(connection);
    if (!inTransaction || !ahead.has(query)) return answer;
    answer.catch(() => {});
    inTransaction.push(answer);
    return { rows: [] };
  };
}

function waitAtTheEnd(driver: Driver, sent: Sent): Driver {
  const begin = driver.beginTransaction.bind(driver);
  const commit = driver.commitTransaction.bind(driver);
  const rollback = driver.rollbackTransaction.bind(driver);

  function finish(connection: DatabaseConnection): Promise<unknown> {
    const answers = Promise.all(sent.get(connection) ?? []);
    sent.delete(connection);
    return answers;
  }

  driver.beginTransaction = async (connection, settings) => {
    await begin(connection, settings);
    sent.set(connection, []);
  };
  driver.commitTransaction = async (connection) => {
    const [answers, end] = await Promise.allSettled([finish(connection), commit(connection)]);
    if (answers.status === "rejected") throw answers.reason;
    if (end.status === "rejected") throw end.reason;
  };
  driver.rollbackTransaction = async (connection) => {
    const [, end] = await Promise.allSettled([finish(connection), rollback(connection)]);
    if (end.status === "rejected") throw end.reason;
  };
  return driver;
}
