import { mkdtemp, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { addressUrl, discardEmbedded, migrate, startEmbedded, withDatabase } from "../../src/db/index.ts";

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
    const left = await query(
      addressUrl(embedded.connection),
      "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'",
    );
    await embedded.stop();
    await discardEmbedded(directory);
    if (left.length > 0) throw new Error(`${left.length} test databases were not closed; call close() in afterAll`);
  };
}

const OLD_MS = 600_000;

/** What killed runs left behind; a young directory may belong to a run that is just starting. */
async function discardLeftovers(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const directory of names.map((name) => join(tmpdir(), name))) {
    const made = (await stat(directory).catch(() => null))?.mtimeMs ?? Date.now();
    if (Date.now() - made > OLD_MS) await discardEmbedded(directory).catch(() => {});
  }
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
