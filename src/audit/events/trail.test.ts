import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { type Actor, newId, type Occurrence } from "../../core/index.ts";
import {
  type Audit,
  createAudit,
  exportLines,
  keyIdOf,
  loadSigningKey,
  readCheckpointFile,
  readExport,
  type SigningKey,
  verifyTrail,
  withTrail,
} from "./index.ts";
import { sealAll } from "./sealer.ts";
import { readTrail } from "./trail.ts";

const actor: Actor = {
  kind: "person",
  id: newId(),
  name: "Åsa Öberg",
  orgId: newId(),
  address: "192.0.2.7",
  via: "console",
  permissions: new Set(),
  signInId: null,
};

const occurrence = (number: number): Occurrence => ({
  action: "asset.create",
  actor,
  outcome: "ok",
  target: { kind: "asset", id: newId(), name: `host ${number}` },
  fields: { input: { name: `host ${number}`, port: 22 + number }, note: 'a\u2028"\\ü😀' },
});

let trail: TestDatabase;
let owner: pg.Client;
let directory: string;
let signingKey: SigningKey;
let audit: Audit;

beforeAll(async () => {
  trail = await testDatabase({ max: 20 });
  owner = new pg.Client({ connectionString: trail.url });
  await owner.connect();
  directory = await mkdtemp(join(tmpdir(), "audit-trail-"));
  signingKey = await loadSigningKey(join(directory, "keys"));
  const log = (_: string, error?: unknown) => {
    throw error;
  };
  audit = createAudit({
    database: trail.database,
    now: () => new Date(),
    signingKey,
    checkpointFile: join(directory, "checkpoints.jsonl"),
    log,
  });
  for (let batch = 0; batch < 3; batch++) {
    for (let number = 0; number < 8; number++) await audit.record(trail.database.db, occurrence(batch * 8 + number));
    await audit.seal();
  }
});

afterAll(async () => {
  await owner?.end();
  await trail?.close();
  await rm(directory, { recursive: true, force: true });
});

const proveRows = () => withTrail(trail.database, (items) => verifyTrail(items, { publicKey: signingKey.publicKey }));

describe("an untouched trail", () => {
  test("is good, in order, and counts what waits", async () => {
    await audit.record(trail.database.db, occurrence(99));
    const verdict = await audit.verify();
    expect(verdict).toMatchObject({ good: true, sealed: 24, checkpoints: 3, compared: 3, unsealed: 1, problems: [] });
    expect(verdict.newestCheckpoint?.position).toBe(24);
    expect(await audit.seal()).toBe(1);
    expect(await audit.verify()).toMatchObject({ good: true, sealed: 25, unsealed: 0 });
  });

  test("keeps events whose facts the JSON of the database prints in its own way", async () => {
    const odd = {
      big: 2 ** 60,
      half: 1.5,
      nul: "a\0b",
      lone: "x\ud800y",
      list: [1, [2, { b: 1, a: null }]],
      long: "é".repeat(9000),
    };
    await audit.record(trail.database.db, {
      ...occurrence(1),
      fields: { ...odd, at: new Date(0), many: Array(500).fill(1) },
    });
    await owner.query(
      `with event as (insert into audit_event (id, at, action, outcome, actor_kind, actor_name, via, fields)
       values ($1, '2026-01-01 10:00:00.123456+02', 'by.hand', 'ok', 'system', 'sql', 'job',
         '{"n": 1.50, "m": 12345678901234567890, "z": -0, "e": 1e30, "i": 42, "ø": "\\u0007"}') returning id)
       insert into audit_unsealed select id from event`,
      [newId()],
    );
    expect(await audit.seal()).toBe(2);
    expect(await proveRows()).toMatchObject({ good: true, unsealed: 0 });
    const { rows } = await owner.query("select fields from audit_event where fields ? 'half'");
    expect(rows[0].fields).toMatchObject({ big: String(2 ** 60), half: "1.5", nul: "a\uFFFDb", lone: "x\uFFFDy" });
    await owner.query("begin; set local session_replication_role = replica");
    await owner.query(
      `update audit_event set fields = jsonb_set(fields, '{n}', '1.500000000000000000001') where action = 'by.hand'`,
    );
    const verdict = await proveOn(owner);
    await owner.query("rollback");
    expect(verdict.problems[0]).toMatchObject({ action: "by.hand" });
  });

  test("is linked once, also when an event waits a second time", async () => {
    await owner.query(`insert into audit_unsealed select event_id from audit_seal where position in (2, 3)`);
    await audit.record(trail.database.db, occurrence(7));
    expect(await audit.seal()).toBe(1);
    expect(await audit.verify()).toMatchObject({ good: true, unsealed: 0 });
    expect((await owner.query("select from audit_unsealed")).rowCount).toBe(0);
  });

  test("is proved from an export without a database, and every kind of damage to the file is found", async () => {
    const path = join(directory, "trail.jsonl");
    const lines = await withTrail(trail.database, (items) => Array.fromAsync(exportLines(items)));
    const prove = async (changed: string[]) => {
      await writeFile(path, changed.join(""));
      return verifyTrail(readExport(path), { publicKey: signingKey.publicKey });
    };
    expect(await prove(lines)).toMatchObject({ good: true, problems: [] });
    expect((await prove(lines.slice(0, -1))).problems.at(-1)?.what).toMatch(/not complete/);
    expect((await prove(lines.toSpliced(4, 1))).problems[0]).toMatchObject({
      position: 4,
      what: "position 4 is missing from the chain",
    });
    expect((await prove(lines.with(4, lines[4]!.replace(/host \d+/, "host x")))).problems[0]).toMatchObject({
      position: 4,
      action: "asset.create",
    });
    expect((await prove(lines.with(4, "{\n"))).problems[0]?.what).toMatch(/line 5 cannot be read/);
    expect((await prove(["x\n"])).good).toBe(false);
    expect((await prove([])).good).toBe(false);
  });
});

/** Verifies on the owner's connection, inside the transaction that tampers. */
async function proveOn(client: pg.Client, expected = false) {
  const bound = { query: client.query.bind(client), release() {} };
  const pool = { connect: async () => bound, end: async () => {}, Client: pg.Client, options: {} };
  const db = new Kysely<never>({ dialect: new PostgresDialect({ pool }) });
  const file = expected ? await readCheckpointFile(join(directory, "checkpoints.jsonl")) : null;
  return verifyTrail(readTrail(db as never), { publicKey: signingKey.publicKey, expected: file });
}

/** Applies SQL with every trigger off, proves, and undoes it. */
async function tamper(statements: string, { file = false } = {}) {
  await owner.query("begin");
  try {
    await owner.query("set local session_replication_role = replica");
    await owner.query("set local timezone = 'UTC'");
    await owner.query(statements);
    return await proveOn(owner, file);
  } finally {
    await owner.query("rollback");
  }
}

const eventAt = (position: number) => `(select event_id from audit_seal where position = ${position})`;

describe("tampering by the superuser, triggers off", () => {
  test("nothing changed is good", async () => {
    expect(await tamper("select 1", { file: true })).toMatchObject({ good: true });
  });

  const columns = {
    org_id: "gen_random_uuid()",
    at: "at + interval '1 microsecond'",
    action: "'asset.creatf'",
    outcome: "'denied'",
    actor_kind: "'system'",
    actor_id: "null",
    actor_name: "'Asa Öberg'",
    address: "'192.0.2.8'",
    via: "'ssh'",
    target_kind: "'account'",
    target_id: "gen_random_uuid()",
    target_name: "target_name || ' '",
    fields: "fields || '{\"x\": 1}'",
  };
  test.each(Object.entries(columns))("a change of %s names the event", async (column, value) => {
    const id = (await owner.query(`select ${eventAt(7)} as id`)).rows[0].id;
    const verdict = await tamper(`update audit_event set ${column} = ${value} where id = ${eventAt(7)}`);
    expect(verdict).toMatchObject({ good: false, problemCount: 1 });
    expect(verdict.problems[0]).toMatchObject({
      position: 7,
      eventId: id,
      what: expect.stringMatching(/event was changed/),
    });
  });

  test("one flipped byte of fields names the event", async () => {
    const verdict = await tamper(
      `update audit_event set fields = regexp_replace(fields::text, 'host .', 'host x')::jsonb where id = ${eventAt(7)}`,
    );
    expect(verdict).toMatchObject({ problemCount: 1 });
    expect(verdict.problems[0]).toMatchObject({
      position: 7,
      action: "asset.create",
      at: expect.stringMatching(/\.\d{6}Z$/),
    });
  });

  test.each([
    [
      "another id",
      `update audit_event set id = gen_random_uuid() where id = ${eventAt(5)}`,
      { position: 5, what: expect.stringMatching(/missing/) },
    ],
    [
      "a deleted event",
      `delete from audit_event where id = ${eventAt(5)}`,
      { position: 5, what: expect.stringMatching(/event is missing/) },
    ],
    [
      "a deleted event with its seal",
      `delete from audit_event where id = ${eventAt(5)}; delete from audit_seal where position = 5`,
      { position: 5, what: "position 5 is missing from the chain" },
    ],
    [
      "a deleted event, later positions moved up",
      `delete from audit_event where id = ${eventAt(5)}; delete from audit_seal where position = 5;
       update audit_seal set position = position + 1000 where position > 5; update audit_seal set position = position - 1001 where position > 1000`,
      { position: 5, what: expect.stringMatching(/changed or replaced/) },
    ],
    [
      "two swapped events",
      `create temp table two as select position, event_id from audit_seal where position in (5, 9);
       update audit_seal set event_id = gen_random_uuid() where position in (5, 9);
       update audit_seal set event_id = (select event_id from two where position = 14 - audit_seal.position) where position in (5, 9)`,
      { position: 5, what: expect.stringMatching(/changed or replaced/) },
    ],
    [
      "a changed hash",
      "update audit_seal set hash = sha256('x') where position = 5",
      { position: 5, what: expect.stringMatching(/hash in the chain was changed/) },
    ],
    [
      "the deleted first link",
      "delete from audit_seal where position = 1",
      { position: 1, what: "position 1 is missing from the chain" },
    ],
    [
      "a changed checkpoint hash",
      "update audit_checkpoint set hash = sha256('x') where position = 16",
      { position: 16, what: expect.stringMatching(/signature does not fit/) },
    ],
    [
      "a changed checkpoint time",
      "update audit_checkpoint set at = at + interval '1 microsecond' where position = 16",
      { position: 16, what: expect.stringMatching(/signature does not fit/) },
    ],
    [
      "a moved checkpoint",
      "update audit_checkpoint set position = 17 where position = 16",
      { position: 17, what: expect.stringMatching(/signature does not fit/) },
    ],
    [
      "a checkpoint named after another key",
      "update audit_checkpoint set key_id = repeat('0', 64) where position = 16",
      { position: 16, what: expect.stringMatching(/another key/) },
    ],
    [
      "the newest checkpoints deleted",
      "delete from audit_checkpoint where position > 8",
      { position: 9, what: expect.stringMatching(/covered by no valid checkpoint/) },
    ],
    [
      "every checkpoint deleted",
      "delete from audit_checkpoint",
      { position: 1, what: expect.stringMatching(/covered by no valid checkpoint/) },
    ],
    [
      "the tail cut, checkpoints kept",
      "delete from audit_seal where position > 20",
      { what: expect.stringMatching(/the chain ends at 20/) },
    ],
  ])("%s", async (_name, statements, problem) => {
    const verdict = await tamper(statements);
    expect(verdict.good).toBe(false);
    expect(verdict.problems[0]).toMatchObject(problem);
  });

  test("an event that was planted without waiting for the chain is named", async () => {
    const verdict = await tamper(
      `insert into audit_event (id, at, action, outcome, actor_kind, actor_name, via)
       values (gen_random_uuid(), now(), 'planted', 'ok', 'system', 'x', 'job')`,
    );
    expect(verdict.problems[0]).toMatchObject({ action: "planted", what: expect.stringMatching(/not in the chain/) });
  });

  test("an event kept out of the chain while younger ones were linked is named", async () => {
    const verdict = await tamper(
      `insert into audit_event (id, at, action, outcome, actor_kind, actor_name, via)
       values ('00000000-0000-7000-8000-00000000000a', now() - interval '10 minutes', 'kept.out', 'ok', 'system', 'x', 'job');
       insert into audit_unsealed values ('00000000-0000-7000-8000-00000000000a')`,
    );
    expect(verdict.problems[0]).toMatchObject({ action: "kept.out", what: expect.stringMatching(/left out/) });
  });

  const cutTail = `delete from audit_checkpoint where position > 16;
    delete from audit_event where id in (select event_id from audit_seal where position > 16); delete from audit_seal where position > 16`;

  test("the tail cut together with its checkpoints: found by the local file alone", async () => {
    expect(await tamper(cutTail)).toMatchObject({ good: true });
    const verdict = await tamper(cutTail, { file: true });
    expect(verdict.problems[0]).toMatchObject({
      position: 17,
      what: expect.stringMatching(/end of the chain is missing: it stops at 16/),
    });
  });

  test("a chain rewritten consistently and signed with another key", async () => {
    const forger = generateKeyPairSync("ed25519");
    const key = { ...forger, keyId: keyIdOf(forger.publicKey) };
    const forged = await onCopy(async (client, database) => {
      await client.query("set session_replication_role = replica");
      await client.query(`update audit_event set actor_name = 'Mallory' where id = ${eventAt(3)};
        insert into audit_unsealed select event_id from audit_seal; truncate audit_checkpoint, audit_seal`);
      await sealAll({
        database,
        now: () => new Date(),
        signingKey: key,
        checkpointFile: { append: async () => {} },
        log: () => {},
      });
      const own = await withTrail(database, (items) => verifyTrail(items, { publicKey: key.publicKey }));
      expect(own.good).toBe(true);
      return withTrail(database, (items) => verifyTrail(items, { publicKey: signingKey.publicKey }));
    });
    expect(forged.good).toBe(false);
    expect(forged.problems[0]?.what).toMatch(/another key/);
  });

  test("a line changed in the local file", async () => {
    const path = join(directory, "checkpoints.jsonl");
    const text = await readFile(path, "utf8");
    const lines = text.split("\n");
    await writeFile(path, lines.with(1, lines[1]!.replace(/"hash":"./, '"hash":"g')).join("\n"));
    expect((await audit.verify()).problems[0]?.what).toBe("line 2 of the checkpoint file cannot be read");
    await writeFile(path, lines.with(1, lines[1]!.replace('"position":16', '"position":15')).join("\n"));
    expect((await audit.verify()).problems[0]).toMatchObject({
      position: 15,
      what: expect.stringMatching(/local file proves nothing/),
    });
    await writeFile(path, `${text}{"position":`);
    expect(await audit.verify()).toMatchObject({ good: true });
    await writeFile(path, text);
  });
});

/** Works on a copy of the trail in a database of its own. */
async function onCopy<T>(work: (client: pg.Client, database: TestDatabase["database"]) => Promise<T>): Promise<T> {
  const copy = await testDatabase();
  const client = new pg.Client({ connectionString: copy.url });
  try {
    await client.connect();
    await client.query("set session_replication_role = replica");
    for (const table of ["audit_event", "audit_seal", "audit_checkpoint"]) {
      const { rows } = await owner.query(`select to_jsonb(t) as row from ${table} t`);
      for (const { row } of rows)
        await client.query(`insert into ${table} select * from jsonb_populate_record(null::${table}, $1)`, [row]);
    }
    return await work(client, copy.database);
  } finally {
    await client.end();
    await copy.close();
  }
}
