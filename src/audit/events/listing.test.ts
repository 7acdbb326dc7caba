import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { type Actor, newId, type Occurrence, run, systemClock } from "../../core/index.ts";
import { createRuntime } from "../../db/index.ts";
import type { AuditEvent } from "../schema.ts";
import { listAuditEvents, readAuditStatus } from "./events.ts";
import { type Audit, createAudit, keyIdOf } from "./index.ts";

const [home, second, alice, target] = [newId(), newId(), newId(), newId()];
const person = (orgId: string | null, id: string | null, name: string): Actor => ({
  kind: id ? "person" : "anonymous",
  id,
  name,
  orgId,
  address: "192.0.2.1",
  via: "console",
  permissions: new Set(["audit.event.list", "audit.status"]),
  signInId: null,
});
const auditor = person(home, newId(), "Auditor");
const nobody = person(null, null, "mallory");

let trail: TestDatabase;
let audit: Audit;
let directory: string;
let now = new Date("2026-03-01T10:00:00.000Z");

beforeAll(async () => {
  trail = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), "audit-listing-"));
  const keys = generateKeyPairSync("ed25519");
  audit = createAudit({
    database: trail.database,
    now: () => now,
    signingKey: { ...keys, keyId: keyIdOf(keys.publicKey) },
    checkpointFile: join(directory, "checkpoints.jsonl"),
    log: (message, error) => expect.unreachable(`${message}: ${String(error)}`),
  });
  for (const [id, name] of [
    [home, "home"],
    [second, "second"],
  ] as const) {
    await trail.database.db
      .insertInto("organization")
      .values({ id, name, created_at: new Date(id === home ? 0 : 1) })
      .execute();
  }
  const record = (actor: Actor, more: Partial<Occurrence>) =>
    audit.record(trail.database.db, {
      action: "asset.create",
      actor,
      outcome: "ok",
      target: null,
      fields: {},
      ...more,
    });
  for (let number = 0; number < 25; number++) {
    if (number === 12) now = new Date("2026-03-02T10:00:00.000Z");
    await record(auditor, { fields: { number } });
  }
  await record(person(home, alice, "Alice 100%"), {
    action: "asset.remove",
    target: { kind: "asset", id: target, name: "db_1" },
  });
  await record(auditor, { action: "user.create", outcome: "denied", target: { kind: "user", id: null, name: "dbx1" } });
  await record(nobody, { action: "login.sign-in", outcome: "unauthenticated" });
  await record(person(second, newId(), "Other"), { action: "asset.create" });
  await audit.seal();
});

afterAll(async () => {
  await trail?.close();
  await rm(directory, { recursive: true, force: true });
});

function list(input: Record<string, unknown>, actor = auditor) {
  const runtime = createRuntime({ database: trail.database, now: systemClock, record: audit.record });
  return run(runtime, listAuditEvents, actor, input);
}

describe("listing events", () => {
  test("pages through equal times without loss or repetition, newest first", async () => {
    const seen: AuditEvent[] = [];
    for (let cursor: string | undefined; ; ) {
      const { items, next } = await list({ limit: 4, cursor });
      seen.push(...items);
      if (next === null) break;
      expect(items).toHaveLength(4);
      cursor = next;
    }
    expect(seen).toHaveLength(28);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(28);
    expect(seen.map(({ at }) => at)).toEqual(
      seen
        .map(({ at }) => at)
        .toSorted()
        .reverse(),
    );
    expect(seen.every(({ position }) => position !== null)).toBe(true);
  });

  test("shows an event of nobody's organization in the first organization, and no other organization's", async () => {
    expect((await list({ action: "login.sign-in" })).items).toMatchObject([
      { actor: { kind: "anonymous", name: "mallory" } },
    ]);
    expect((await list({}, person(second, newId(), "x"))).items).toMatchObject([{ actor: { name: "Other" } }]);
    expect((await list({ actorId: alice }, person(second, newId(), "x"))).items).toEqual([]);
  });

  test.each([
    [{ action: "asset.remove" }, 1],
    [{ outcome: "denied" }, 1],
    [{ outcome: "ok" }, 26],
    [{ actorId: alice }, 1],
    [{ targetId: target }, 1],
    [{ actorId: alice, targetId: target, action: "asset.remove", outcome: "ok" }, 1],
    [{ from: "2026-03-02T10:00:00.000Z" }, 16],
    [{ to: "2026-03-02T10:00:00Z" }, 12],
    [{ search: "ALICE" }, 1],
    [{ search: "100%" }, 1],
    [{ search: "db_1" }, 1],
    [{ search: "SET.CRE" }, 25],
    [{ search: "\\" }, 0],
  ])("%j finds %i", async (filter, count) => {
    expect((await list({ ...filter, limit: 200 })).items).toHaveLength(count);
  });

  test("refuses a damaged cursor and a person without the permission", async () => {
    await expect(list({ cursor: "x" })).rejects.toMatchObject({ code: "invalid" });
    await expect(list({}, { ...auditor, permissions: new Set() })).rejects.toMatchObject({ code: "denied" });
  });

  test("a search among many events looks at a bounded number and goes on from there", { timeout: 60_000 }, async () => {
    const owner = new pg.Client({ connectionString: trail.url });
    await owner.connect();
    await owner.query(
      `insert into audit_event (id, org_id, at, action, outcome, actor_kind, actor_id, actor_name, via, target_id)
       select gen_random_uuid(), $1, '2026-04-01Z'::timestamptz + n * interval '1 second', 'bulk.' || n % 7, 'ok', 'person',
         gen_random_uuid(), 'Bulk', 'job', gen_random_uuid() from generate_series(1, 45000) n`,
      [home],
    );
    await owner.query("analyze audit_event");
    await owner.end();
    let pages = 0;
    let found: AuditEvent[] = [];
    for (let cursor: string | undefined; ; pages++) {
      const { items, next } = await list({ search: "alice", cursor });
      found = [...found, ...items];
      if (next === null) break;
      cursor = next;
    }
    expect(found).toMatchObject([{ actor: { id: alice } }]);
    expect(pages).toBe(4);
    const index = async (condition: string): Promise<string> => {
      const { rows } = await trail.database.pool.query(
        `explain select * from audit_event where org_id = '${home}' and ${condition} order by at desc, id desc limit 51`,
      );
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    for (const [condition, name] of [
      ["true", "audit_event_by_time"],
      [`actor_id = '${alice}'`, "audit_event_by_actor"],
      [`target_id = '${target}'`, "audit_event_by_target"],
      ["action = 'asset.remove'", "audit_event_by_action"],
      ["outcome = 'denied'", "audit_event_by_outcome"],
    ] as const) {
      expect(await index(condition)).toMatch(new RegExp(`Index Scan Backward using ${name}`));
      expect(await index(condition)).not.toMatch(/Sort/);
    }
  });

  test("the status tells what is sealed and signed", async () => {
    const runtime = createRuntime({ database: trail.database, now: systemClock, record: audit.record });
    const { unsealed: waiting } = await run(runtime, readAuditStatus, auditor, {});
    await audit.record(trail.database.db, { action: "a.b", actor: auditor, outcome: "ok", target: null, fields: {} });
    expect(await run(runtime, readAuditStatus, auditor, {})).toMatchObject({
      sealed: 29,
      unsealed: waiting + 1,
      checkpoint: { position: 29, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });
});
