import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, expect, inject, test } from "vitest";
import { createDatabase, migrate, withDatabase } from "../../db/index.ts";
import { type Actor } from "../../core/index.ts";
import { createAudit, loadSigningKey } from "./index.ts";

const MIGRATIONS = join(import.meta.dirname, "../../../migrations");
const cluster = { url: inject("databaseUrl") };
const name = `test_audit_upgrade_${process.pid}`;
const owner = new pg.Client({ connectionString: cluster.url });
await owner.connect();
await owner.query(`create database ${name}`);
const directory = await mkdtemp(join(tmpdir(), "audit-upgrade-"));
const database = createDatabase({ ...withDatabase(cluster, name), max: 2 });

afterAll(async () => {
  await database.close();
  await owner.query(`drop database ${name} with (force)`);
  await owner.end();
  await rm(directory, { recursive: true });
});

const actor: Actor = {
  kind: "system",
  id: null,
  name: "test",
  orgId: null,
  address: null,
  via: "job",
  permissions: new Set(),
  signInId: null,
};

test("a trail that was begun before migration 0011 stays good, sealed or waiting, and keeps its rules", async () => {
  for (const file of (await readdir(MIGRATIONS)).filter((found) => found < "0011"))
    await cp(join(MIGRATIONS, file), join(directory, "old", file));
  const audit = createAudit({
    database,
    now: () => new Date(),
    signingKey: await loadSigningKey(join(directory, "keys")),
    checkpointFile: join(directory, "checkpoints.jsonl"),
    log: (message, error) => expect.unreachable(`${message}: ${String(error)}`),
  });
  const record = (action: string) =>
    audit.record(database.db, { action, actor, outcome: "ok", target: null, fields: { input: { name: "x" }, n: 1 } });
  await migrate({ address: withDatabase(cluster, name), directory: join(directory, "old") });
  await record("sealed.before");
  await audit.seal();
  await record("waiting.then");
  expect((await migrate({ address: withDatabase(cluster, name) })).applied).toContain(11);
  expect(await audit.verify()).toMatchObject({ good: true, sealed: 1, unsealed: 1 });
  await record("recorded.after");
  expect(await audit.seal()).toBe(2);
  expect(await audit.verify()).toMatchObject({ good: true, sealed: 3, unsealed: 0, compared: 2, problems: [] });
  const insert = (action: string, outcome: string, fields: string) =>
    database.pool.query(
      `insert into audit_event (id, at, action, outcome, actor_kind, actor_name, via, fields)
       values (gen_random_uuid(), now(), $1, $2, 'system', 'x', 'job', $3)`,
      [action, outcome, fields],
    );
  await expect(insert("a".repeat(129), "ok", "{}")).rejects.toMatchObject({ constraint: "audit_action_is_bounded" });
  await expect(insert("a", "o".repeat(33), "{}")).rejects.toMatchObject({ constraint: "audit_outcome_is_bounded" });
  await expect(insert("a", "ok", "[]")).rejects.toMatchObject({ constraint: "audit_fields_are_an_object" });
});
