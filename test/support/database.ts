import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { expect, inject } from "vitest";
import { addressUrl, createDatabase, type Database, withDatabase } from "../../src/db/index.ts";

export interface TestDatabase {
  /** Works as the program does, in its lesser role. */
  readonly database: Database;
  /** Signs in as the owner of the database, who may also do what the program may not. */
  readonly url: string;
  /** Drops the database; throws when somebody still holds a connection to it: a pool was leaked. For `afterAll`. */
  close(): Promise<void>;
}

/** A database of one's own, with every migration applied: call it once in a test file, and `afterAll(close)`. */
export async function testDatabase(options: { readonly max?: number } = {}): Promise<TestDatabase> {
  const cluster = inject("databaseUrl");
  const name = `test_${fileName()}_${randomBytes(4).toString("hex")}`;
  await query(cluster, `CREATE DATABASE "${name}" TEMPLATE "${inject("databaseTemplate")}"`);
  const url = addressUrl(withDatabase({ url: cluster }, name));
  const database = createDatabase({ url, max: options.max ?? 10 });
  async function close(): Promise<void> {
    await database.close();
    const leaked = await openConnections(cluster, name);
    await query(cluster, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    if (leaked.length > 0) throw new Error(`Connections were leaked: ${leaked.join("; ")}`);
  }
  let closing: Promise<void> | undefined;
  return { database, url, close: () => (closing ??= close()) };
}

const fileName = (): string =>
  basename(expect.getState().testPath ?? "x")
    .replace(/\.test\.ts$/, "")
    .replace(/[^a-z0-9]+/gi, "_")
    .toLowerCase()
    .slice(0, 40);

/** What is connected to the database after a moment for sockets to close. */
async function openConnections(cluster: string, name: string): Promise<string[]> {
  let found: string[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    const rows = await query(
      cluster,
      `SELECT concat_ws(' ', application_name, state, left(query, 80)) AS what
       FROM pg_stat_activity WHERE datname = '${name}' AND backend_type = 'client backend'`,
    );
    found = rows.map((row) => String(row.what));
    if (found.length === 0) return found;
    await pause(50);
  }
  return found;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
