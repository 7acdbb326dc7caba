import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import {
  type Audit,
  createAudit,
  createRecordingWriter,
  createSealer as createRecordingSealer,
  loadSigningKey,
  stores,
} from "../audit/index.ts";
import { type Actor, newId } from "../core/index.ts";
import { createDatabase, createSealer, loadMasterKey, migrate } from "../db/index.ts";
import { discardEmbedded, startEmbedded } from "../db/index.ts";
import { dataPaths } from "../processes/data.ts";

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
const occurrence = { action: "asset.create", actor, outcome: "ok", target: null, fields: { name: "x" } } as const;

let served: TestDatabase;
let data: string;
let audit: Audit;

const auditOn = async (database: TestDatabase["database"], directory: string) =>
  createAudit({
    database,
    now: () => new Date(),
    signingKey: await loadSigningKey(dataPaths(directory).keys),
    checkpointFile: dataPaths(directory).checkpoints,
    log: (message, error) => expect.unreachable(`${message}: ${String(error)}`),
  });

beforeAll(async () => {
  served = await testDatabase();
  data = await mkdtemp(join(tmpdir(), "sallyport-cli-"));
  audit = await auditOn(served.database, data);
  for (let number = 0; number < 5; number++) await audit.record(served.database.db, occurrence);
  await audit.seal();
});

afterAll(async () => {
  await served?.close();
  await rm(data, { recursive: true, force: true });
});

/** The command line as a process of its own, killed after a minute. */
async function sallyport(...args: string[]) {
  const { SALLYPORT_MASTER_KEY: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), ...args], { env, timeout: 60_000 });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, ...said };
}

const onServer = () => ["--data", data, "--database", served.url];

describe("usage", () => {
  test("help lists every command and ends well", async () => {
    expect(await sallyport("help")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/audit verify[\s\S]*recording verify/),
      err: "",
    });
  });

  test.each([
    [["audit"], /Unknown command: audit/],
    [["audit", "verify", "--bogus"], /Unknown option '--bogus'[\s\S]*Usage: sallyport audit verify/],
    [["audit", "verify", "surplus"], /Too many words/],
    [["recording", "verify"], /Something is missing/],
    [["recording", "verify", "x", "--data", "/nonexistent"], /"x" is not a session's id/],
    [["audit", "export"], /Name the file/],
    [["audit", "verify", "--data", "/nonexistent"], /No public key can be read/],
    [["audit", "verify", "--database", "nonsense"], /--database must be a URL/],
  ])("%j says what is wrong, with exit code 2", async (args, message) => {
    expect(await sallyport(...args)).toMatchObject({ code: 2, out: "", err: expect.stringMatching(message) });
  });

  test("a database that does not answer is not a bad trail", async () => {
    const found = await sallyport("audit", "verify", "--data", data, "--database", "postgres://u:hush@127.0.0.1:1/x");
    expect(found).toMatchObject({ code: 2, out: "" });
    expect(found.err).not.toContain("hush");
  });
});

describe("audit", () => {
  test("verify: good, then not good after one byte was changed", async () => {
    await audit.record(served.database.db, occurrence);
    const good = await sallyport("audit", "verify", ...onServer());
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toMatch(
      /is good[\s\S]*5 events in the chain, 1 signed checkpoint\.[\s\S]*1 event of the newest not sealed yet/,
    );
    const owner = new pg.Client({ connectionString: served.url });
    await owner.connect();
    const change = (value: string) =>
      owner.query(`set session_replication_role = replica; update audit_event set fields = '{"name": "${value}"}'
        where id = (select event_id from audit_seal where position = 3)`);
    await change("y");
    const bad = await sallyport("audit", "verify", ...onServer());
    const json = await sallyport("audit", "verify", "--json", ...onServer());
    await change("x");
    await owner.end();
    expect(bad).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /NOT good\.\n {2}position 3, event [0-9a-f-]{36}, 2\S+Z, asset\.create: the event was changed/,
      ),
    });
    expect(JSON.parse(json.out)).toMatchObject({ good: false, problems: [{ position: 3 }] });
  });

  test("export, then verify the file with the public key alone", async () => {
    const file = join(data, "trail.jsonl");
    expect(await sallyport("audit", "export", "--out", file, ...onServer())).toMatchObject({ code: 0 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await sallyport("audit", "export", "--out", file, ...onServer())).toMatchObject({
      code: 2,
      err: expect.stringMatching(/there already/),
    });
    const key = join(data, "copy.pub");
    await copyFile(join(dataPaths(data).keys, "audit.pub"), key);
    const alone = ["audit", "verify", "--file", file, "--public-key", key, "--data", "/nonexistent"];
    expect(await sallyport(...alone)).toMatchObject({ code: 0, out: expect.stringMatching(/is good/) });
    await writeFile(file, (await readFile(file, "utf8")).replace('"name":"x"', '"name":"y"'));
    expect(await sallyport(...alone)).toMatchObject({ code: 1, out: expect.stringMatching(/position 1, event/) });
    expect(await sallyport("audit", "verify", "--file", join(data, "none"), "--public-key", key)).toMatchObject({
      code: 2,
    });
  });

  test("verify with the embedded database, running and not running", { timeout: 120_000 }, async () => {
    const home = await mkdtemp(join(tmpdir(), "sallyport-cli-embedded-"));
    try {
      const directory = dataPaths(home).database;
      const embedded = await startEmbedded({ directory, durable: false, log: () => {} });
      await migrate({ address: embedded.connection });
      const database = createDatabase({ ...embedded.connection, max: 2 });
      const trail = await auditOn(database, home);
      await trail.record(database.db, occurrence);
      await trail.seal();
      const good = { code: 0, out: expect.stringMatching(/1 event in the chain/) };
      expect(await sallyport("audit", "verify", "--data", home)).toMatchObject(good);
      await trail.record(database.db, occurrence);
      await database.close();
      await embedded.stop();
      expect(await sallyport("audit", "verify", "--data", home)).toMatchObject(good);
      expect(await readdir(home)).not.toContain("program.json");
    } finally {
      await discardEmbedded(dataPaths(home).database);
      await rm(home, { recursive: true, force: true });
    }
  });
});

test("audit verify --recordings names what is missing, replaced and put in", async () => {
  const home = await mkdtemp(join(tmpdir(), "sallyport-cli-recordings-"));
  const own = await testDatabase();
  try {
    const trail = await auditOn(own.database, home);
    const store = stores.get("disk").create({ directory: dataPaths(home).recordings });
    const keyOf = (id: string) => `recordings/${id.slice(-2)}/${id}/manifest.json`;
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    const [kept, removed, replaced, twice, strange] = Array.from({ length: 5 }, newId) as [
      string,
      string,
      string,
      string,
      string,
    ];
    for (const id of [kept, removed, replaced, twice, twice]) {
      await store.write(keyOf(id), Buffer.from(`manifest of ${id}`));
      await trail.record(own.database.db, {
        action: "recording.seal",
        actor,
        outcome: "ok",
        target: { kind: "session", id, name: "x" },
        fields: { input: { manifest: digest(`manifest of ${id}`) } },
      });
    }
    await trail.seal();
    const verify = () => sallyport("audit", "verify", "--recordings", "--data", home, "--database", own.url);
    await store.remove(keyOf(removed));
    await store.write(keyOf(replaced), Buffer.from("another"));
    await store.write(keyOf(strange), Buffer.from("put in"));
    const { code, out } = await verify();
    expect(code).toBe(1);
    expect(out).toContain("The audit trail is good.");
    expect(out).toContain("4 recordings compared with the store: NOT good.");
    const problems = out
      .split("\n")
      .filter((line) => line.startsWith("  recording "))
      .toSorted();
    expect(problems).toEqual(
      [
        `  recording ${removed}: it was sealed, and its manifest is missing from the store`,
        `  recording ${replaced}: the manifest in the store is not the one that was sealed`,
        `  recording ${twice}: 2 events say that it was sealed`,
        `  recording ${strange}: it is in the store, and no event says that it was sealed`,
      ].toSorted(),
    );
    expect(
      JSON.parse(
        (await sallyport("audit", "verify", "--recordings", "--json", "--data", home, "--database", own.url)).out,
      ),
    ).toMatchObject({
      good: true,
      recordings: { good: false, compared: 4, problemCount: 4 },
    });
  } finally {
    await own.close();
    await rm(home, { recursive: true, force: true });
  }
});

describe("recording verify", () => {
  test("good, then not good after one byte of a segment was changed", async () => {
    const paths = dataPaths(data);
    const id = newId();
    const masterKey = await loadMasterKey({ file: join(paths.keys, "master.key"), create: true });
    const sealer = createSealer({ masterKeys: { current: masterKey } });
    const store = stores.get("disk").create({ directory: paths.recordings });
    const writer = await createRecordingWriter({
      directory: paths.spool,
      id,
      header: {
        width: 80,
        height: 24,
        startedAt: new Date().toISOString(),
        title: "t",
        sessionId: id,
        orgId: randomUUID(),
      },
      wrap: (key, context) => sealer.seal(key, context),
    });
    writer.output(0, [Buffer.from("hello")]);
    await writer.end({ reason: "closed" });
    const { privateKey: signingKey } = await loadSigningKey(paths.keys);
    await new Promise<void>((resolve, reject) => {
      const moving = createRecordingSealer({
        spoolDirectory: paths.spool,
        store,
        unwrap: (key, context) => sealer.open(key, context),
        signingKey,
        onSealed: () => void setImmediate(() => void moving.stop().then(resolve)),
        onFailed: ({ error }) => void reject(error),
      });
      moving.start();
    });
    const verify = () => sallyport("recording", "verify", id, "--data", data);
    expect(await verify()).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/is good[\s\S]*inner chain were checked/),
    });
    for await (const { key } of store.list("")) {
      const path = join(paths.recordings, key);
      const bytes = await readFile(path);
      const middle = bytes.length >> 1;
      await writeFile(path, bytes.with(middle, bytes[middle]! ^ 1));
      expect({ key, ...(await verify()) }).toMatchObject({ key, code: 1, out: expect.stringMatching(/NOT good/) });
      await writeFile(path, bytes);
    }
    expect(await sallyport("recording", "verify", newId(), "--data", data)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no sealed recording/),
    });
    await rm(join(paths.keys, "master.key"));
    expect(await verify()).toMatchObject({
      code: 0,
      err: expect.stringMatching(/only hashes and signature/),
      out: expect.stringMatching(/not decrypted/),
    });
  });
});
