import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createDatabase, type Database } from "../../src/db/index.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { startTestProgram, type TestProgram } from "../support/program.ts";

const LESSER = `program_${process.pid}`;
let served: TestDatabase;
let owner: Database;
let program: TestProgram | undefined;

beforeAll(async () => {
  served = await testDatabase();
  owner = createDatabase({ url: served.url, role: null, max: 1 });
  await sql.raw(`create role ${LESSER} login password 'lesser'`).execute(owner.db);
  // Empty, so that the owner has something to migrate.
  for (const text of ["drop schema public cascade", "create schema public", "grant usage on schema public to public"])
    await sql.raw(text).execute(owner.db);
  process.env.SALLYPORT_MASTER_KEY = randomBytes(32).toString("base64");
});
afterEach(async () => {
  await program?.stop();
  program = undefined;
});
afterAll(async () => {
  delete process.env.SALLYPORT_MASTER_KEY;
  await sql.raw(`drop role if exists ${LESSER}`).execute(owner.db);
  await owner.close();
  await served.close();
});

const users = async (): Promise<string[]> => {
  const { rows } = await sql<{ usename: string }>`select distinct usename from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name = 'sallyport'`.execute(
    owner.db,
  );
  return rows.map(({ usename }) => usename);
};

it("migrates as the owner and works as the lesser user, without a warning", async () => {
  const url = new URL(served.url);
  url.username = LESSER;
  url.password = "lesser";
  await served.database.close();
  program = await startTestProgram({
    database: url.href,
    args: ["--database-owner", served.url, "--gateways", "1"],
  });
  const admin = await program.setUp();
  expect((await admin.fetch("/api/me")).status).toBe(200);
  expect(await users()).toEqual([LESSER]);
  expect(await program.logs()).not.toContain("as its owner");
}, 60_000);

it("warns where the owner is used for everything", async () => {
  program = await startTestProgram({ database: served.url, args: ["--gateways", "1"] });
  expect(await program.logs()).toContain("the program signs in to the database as its owner");
}, 60_000);
