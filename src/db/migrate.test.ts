import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { addressUrl, createDatabase, migrate, withDatabase } from "./index.ts";
import { refuseOldServer } from "./migrate.ts";

const cluster = { url: inject("databaseUrl") };
const owner = new pg.Client({ connectionString: cluster.url });
await owner.connect();
afterAll(() => owner.end());

let directory: string;
let name: string;
let count = 0;
const address = () => withDatabase(cluster, name);
const write = (file: string, text: string) => writeFile(join(directory, file), text);
const up = () => migrate({ address: address(), directory });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sallyport-migrations-"));
  name = `test_migrate_${process.pid}_${++count}`;
  await owner.query(`CREATE DATABASE ${name}`);
});
afterEach(async () => {
  await owner.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await rm(directory, { recursive: true });
});

async function rows(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: addressUrl(address()) });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe("migrating", () => {
  test("applies files in order, once, and says where the database stands", async () => {
    expect(await up()).toEqual({ applied: [], version: 0 });
    await write("0002_second.sql", "ALTER TABLE a ADD COLUMN two int;");
    await write("0001_first.sql", "CREATE TABLE a (one int); GRANT SELECT ON a TO sallyport_app;");
    const log: string[] = [];
    const first = await migrate({ address: address(), directory, log: (line) => log.push(line) });
    expect(first).toEqual({ applied: [1, 2], version: 2 });
    expect(log).toEqual(["Applied migration 0001_first", "Applied migration 0002_second"]);
    expect(await up()).toEqual({ applied: [], version: 2 });
    await write("0003_third.sql", "INSERT INTO a VALUES (1, 2);");
    expect(await up()).toEqual({ applied: [3], version: 3 });
    expect(await rows("SELECT number, name, length(sha256) AS hash FROM schema_migration ORDER BY number")).toEqual([
      { number: 1, name: "0001_first", hash: 64 },
      { number: 2, name: "0002_second", hash: 64 },
      { number: 3, name: "0003_third", hash: 64 },
    ]);
  });

  test("four processes at once: each file is applied once", async () => {
    await write("0001_slow.sql", "CREATE TABLE a (n int); SELECT pg_sleep(0.2); INSERT INTO a VALUES (1);");
    await write("0002_more.sql", "INSERT INTO a VALUES (2);");
    const all = await Promise.all([up(), up(), up(), up()]);
    expect(all.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 2]);
    expect(await rows("SELECT n FROM a ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("a file that fails leaves nothing of itself, keeps those before, and can be mended", async () => {
    await write("0001_good.sql", "CREATE TABLE a (n int);");
    await write("0002_bad.sql", "CREATE TABLE b (n int); INSERT INTO nowhere VALUES (1);");
    await expect(up()).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("0002_bad") });
    expect(await rows("SELECT relname FROM pg_class WHERE relname IN ('a', 'b')")).toEqual([{ relname: "a" }]);
    await write("0002_bad.sql", "CREATE TABLE b (n int);");
    expect(await up()).toEqual({ applied: [2], version: 2 });
  });

  test("a file may not end its own transaction", async () => {
    await write("0001_commit.sql", "CREATE TABLE a (n int); COMMIT;");
    await expect(up()).rejects.toThrow(/ends the transaction/);
  });

  test("refuses a changed file, an unknown one and one that comes late", async () => {
    await write("0002_two.sql", "SELECT 1;");
    await up();
    await write("0002_two.sql", "SELECT 2;");
    await expect(up()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("0002_two differs"),
    });
    await rm(join(directory, "0002_two.sql"));
    await expect(up()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("newer program"),
    });
    await write("0002_two.sql", "SELECT 1;");
    await write("0001_one.sql", "SELECT 1;");
    await expect(up()).rejects.toThrow(/0001_one comes before/);
  });

  test("refuses names without a number and two files with the same", async () => {
    await write("0001_one.sql", "SELECT 1;");
    await write("0001_other.sql", "SELECT 1;");
    await expect(up()).rejects.toThrow(/share a number/);
    await rm(join(directory, "0001_other.sql"));
    await write("fix.sql", "SELECT 1;");
    await expect(up()).rejects.toThrow(/fix.sql/);
  });

  test.each([
    ["no server", "postgres://u:planted-secret@127.0.0.1:1/x", "unavailable", /ECONNREFUSED/],
    ["no name", "postgres://u:planted-secret@nowhere", "invalid", /not a database address/],
    ["another scheme", "mysql://u:planted-secret@127.0.0.1/x", "invalid", /not a database address/],
    ["no URL", "u:planted-secret@host", "invalid", /not a database address/],
  ])("says so when the address leads to %s, without the password", async (_, url, code, message) => {
    const error = await migrate({ address: { url }, directory }).catch((caught) => caught);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(inspect(error, { depth: 9 })).not.toContain("planted-secret");
  });

  test("says so when the password is wrong", async () => {
    const url = new URL(cluster.url);
    url.password = "planted-secret";
    const error = await migrate({ address: { url: url.href }, directory }).catch((caught) => caught);
    expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining("authentication failed") });
    expect(inspect(error, { depth: 9 })).not.toContain("planted-secret");
  });

  test("refuses a server older than 15", () => {
    expect(() => refuseOldServer(14)).toThrow(/PostgreSQL 14; version 15 or newer/);
    refuseOldServer(15);
  });
});

describe("a database user that is no superuser", () => {
  const user = `migrator_${process.pid}`;
  const asUser = () => {
    const url = new URL(addressUrl(address()));
    url.username = user;
    url.password = "test-only";
    return { url: url.href };
  };
  afterEach(() => owner.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`).catch(() => {}));

  test("is told what to run when it lacks the group role, and works once it has it", async () => {
    await migrate({ address: address(), directory });
    await owner.query(`CREATE ROLE ${user} LOGIN PASSWORD 'test-only'`);
    await rows(`GRANT ALL ON SCHEMA public TO ${user}; DROP TABLE schema_migration`);
    await expect(migrate({ address: asUser(), directory })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("GRANT sallyport_app TO"),
    });
    await owner.query(`GRANT sallyport_app TO ${user}`);
    await write("0001_one.sql", "CREATE TABLE a (n int); GRANT SELECT ON a TO sallyport_app;");
    expect(await migrate({ address: asUser(), directory })).toEqual({ applied: [1], version: 1 });
    const database = createDatabase(asUser());
    const { rows: answer } = await sql<{
      who: string;
    }>`select current_user as who from (select count(*) from a) x`.execute(database.db);
    expect(answer).toEqual([{ who: "sallyport_app" }]);
    await database.close();
    await rows(`DROP OWNED BY ${user}`);
  });
});
