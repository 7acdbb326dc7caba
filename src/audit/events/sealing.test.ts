import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { type Actor, type Occurrence } from "../../core/index.ts";
import { type Audit, createAudit, loadSigningKey } from "./index.ts";

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
const occurrence: Occurrence = {
  action: "user.create",
  actor,
  outcome: "ok",
  target: null,
  fields: { input: { name: "x" } },
};

let trail: TestDatabase;
let owner: pg.Client;
let directory: string;
let audit: Audit;

beforeAll(async () => {
  trail = await testDatabase({ max: 24 });
  owner = new pg.Client({ connectionString: trail.url });
  await owner.connect();
  directory = await mkdtemp(join(tmpdir(), "audit-sealing-"));
  audit = createAudit({
    database: trail.database,
    now: () => new Date(),
    signingKey: await loadSigningKey(join(directory, "keys")),
    checkpointFile: join(directory, "checkpoints.jsonl"),
    log: (message, error) => expect.unreachable(`${message}: ${String(error)}`),
  });
});

afterAll(async () => {
  await owner?.end();
  await trail?.close();
  await rm(directory, { recursive: true, force: true });
});

const count = async (text: string): Promise<number> => Number((await owner.query(`select (${text}) as n`)).rows[0].n);
const events = () => count("select count(*) from audit_event");

describe("append-only", () => {
  const refused = { message: expect.stringMatching(/append-only|permission denied/), code: "42501" };
  const statements = ["audit_event", "audit_seal", "audit_checkpoint"].flatMap((table) => [
    `update ${table} set ${table === "audit_event" ? "action" : "position"} = ${table === "audit_event" ? "action" : "position"}`,
    `delete from ${table}`,
    `truncate ${table} cascade`,
  ]);

  test.each(statements)("%s is refused to the program and to the owner", async (statement) => {
    await expect(trail.database.pool.query(statement)).rejects.toMatchObject(refused);
    await expect(owner.query(statement)).rejects.toMatchObject(refused);
  });

  test("the program cannot switch the triggers off", async () => {
    await expect(trail.database.pool.query("alter table audit_event disable trigger all")).rejects.toThrow(
      /must be owner/,
    );
    await expect(trail.database.pool.query("set session_replication_role = replica")).rejects.toThrow(
      /permission denied/,
    );
  });

  test("an event disappears with the change that is rolled back", async () => {
    const before = await events();
    const change = trail.database.transaction(async (tx) => {
      await audit.record(tx, occurrence);
      throw new Error("rolled back");
    });
    await expect(change).rejects.toThrow("rolled back");
    expect(await events()).toBe(before);
    expect(await count("select count(*) from audit_unsealed")).toBe(0);
  });
});

describe("sealing", () => {
  test("16 writers with random pauses before their commits, two sealers: every event once, the chain holds", async () => {
    const stop = new AbortController();
    const sealers = [audit.startSealing(stop.signal), audit.startSealing(stop.signal)];
    const busy = (async () => {
      while (!stop.signal.aborted) await audit.seal();
    })();
    const write = async (): Promise<void> => {
      for (let number = 0; number < 40; number++) {
        await trail.database.transaction(async (tx) => {
          await audit.record(tx, occurrence);
          await pause(Math.random() * 30);
        });
      }
    };
    await Promise.all(Array.from({ length: 16 }, write));
    stop.abort();
    await Promise.all([...sealers, busy]);
    await audit.seal();
    expect(await events()).toBe(640);
    expect(await count("select count(distinct event_id) from audit_seal")).toBe(640);
    expect(await count("select max(position) from audit_seal")).toBe(640);
    expect(await audit.verify()).toMatchObject({ good: true, sealed: 640, unsealed: 0, problems: [] });
  });

  test("a commit that comes late is linked after what was linked before it", async () => {
    const late = await owner.query("begin").then(() => owner);
    await late.query(
      `insert into audit_event (id, at, action, outcome, actor_kind, actor_name, via)
       values ('00000000-0000-7000-8000-000000000001', now() - interval '30 seconds', 'late', 'ok', 'system', 'x', 'job');
       insert into audit_unsealed values ('00000000-0000-7000-8000-000000000001')`,
    );
    await audit.record(trail.database.db, occurrence);
    expect(await audit.seal()).toBe(1);
    await late.query("commit");
    expect(await audit.verify()).toMatchObject({ good: true, unsealed: 1 });
    expect(await audit.seal()).toBe(1);
    expect(await audit.verify()).toMatchObject({ good: true, unsealed: 0 });
  });

  test("what was committed is in the chain within a second", async () => {
    const stop = new AbortController();
    const sealing = audit.startSealing(stop.signal);
    await pause(100);
    await audit.record(trail.database.db, occurrence);
    const since = performance.now();
    while ((await count("select count(*) from audit_unsealed")) > 0 && performance.now() - since < 5_000)
      await pause(10);
    expect(performance.now() - since).toBeLessThan(1_000);
    stop.abort();
    await sealing;
  });

  test("a process killed in the middle of a batch leaves nothing half done, and another one goes on", {
    timeout: 60_000,
  }, async () => {
    await owner.query(
      `with event as (insert into audit_event (id, at, action, outcome, actor_kind, actor_name, via)
       select gen_random_uuid(), now(), 'bulk', 'ok', 'system', 'x', 'job' from generate_series(1, 12000) returning id)
       insert into audit_unsealed select id from event`,
    );
    const chain = () => count("select coalesce(max(position), 0) from audit_seal");
    let kills = 0;
    for (const start = await chain(); (await chain()) === start || kills < 2; kills++) {
      expect(kills).toBeLessThan(10);
      const before = await chain();
      const sealer = await startProcess();
      while ((await chain()) === before && sealer.exitCode === null) await pause(1);
      await pause(Math.random() * 20);
      sealer.kill("SIGKILL");
      await once(sealer, "exit");
    }
    expect(await count("select count(*) from audit_seal")).toBe(await chain());
    expect(await audit.verify()).toMatchObject({ good: true, problems: [] });
    expect(await count("select count(*) from audit_unsealed")).toBeGreaterThan(0);
    const left = await startProcess();
    while ((await count("select count(*) from audit_unsealed")) > 0) await pause(20);
    left.kill("SIGTERM");
    expect((await once(left, "exit"))[0]).toBe(0);
    expect(await audit.verify()).toMatchObject({ good: true, sealed: await events(), unsealed: 0 });
  });
});

const SEALING = `
const [door, db, url, keys, checkpointFile] = process.argv.slice(1);
const { createAudit, loadSigningKey } = await import(door);
const database = (await import(db)).createDatabase({ url, max: 2 });
const signingKey = await loadSigningKey(keys);
const audit = createAudit({ database, now: () => new Date(), signingKey, checkpointFile, log: console.error });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
console.log("sealing");
await audit.startSealing(stop.signal);
await database.close();`;

async function startProcess(): Promise<ChildProcess> {
  const doors = [import.meta.resolve("./index.ts"), import.meta.resolve("../../db/index.ts")];
  const args = [...doors, trail.url, join(directory, "keys"), join(directory, "checkpoints.jsonl")];
  const child = spawn(process.execPath, ["--input-type=module", "-e", SEALING, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}
