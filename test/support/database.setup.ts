import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { addressUrl, migrate, withDatabase } from "../../src/db/index.ts";
import { discardEmbedded, startEmbedded } from "../../src/db/embedded/index.ts";

const PREFIX = "sallyport-test-";
const TEMPLATE = "migrated";

declare module "vitest" {
  export interface ProvidedContext {
    /** Signs in as the owner of the test cluster. */
    databaseUrl: string;
    /** The migrated database to clone. */
    databaseTemplate: string;
  }
}

/** One cluster for the whole run, migrated once; the databases of the test files are cloned from it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await discardLeftovers();
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  const embedded = await startEmbedded({ directory, durable: false, log: () => {} });
  await query(addressUrl(embedded.connection), `CREATE DATABASE ${TEMPLATE}`);
  await migrate({ address: withDatabase(embedded.connection, TEMPLATE) });
  project.provide("databaseUrl", addressUrl(embedded.connection));
  project.provide("databaseTemplate", TEMPLATE);
  return async () => {
    const left = await query(addressUrl(embedded.connection), "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'");
    await embedded.stop();
    await discardEmbedded(directory);
    if (left.length > 0) throw new Error(`${left.length} test databases were not closed; call close() in afterAll`);
  };
}

/** What killed runs left behind. */
async function discardLeftovers(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const name of names) await discardEmbedded(join(tmpdir(), name)).catch(() => {});
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
