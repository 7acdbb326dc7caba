import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAccount, createAsset, createGrant, updateAccount } from "../../src/assets/schema.ts";
import { type Endpoint, isRead } from "../../src/core/index.ts";
import type { Database } from "../../src/db/index.ts";
import { changeMyPassword, createUser, setUserPassword, signOut } from "../../src/iam/schema.ts";
import { checkMail, readSettings, updateSettings } from "../../src/platform/schema.ts";
import { exportRecording, listSessions, openRecording, readRecording, readSession } from "../../src/sessions/schema.ts";
import { ADMIN, type Client, freePort, startTestProgram, type TestProgram } from "../support/program.ts";
import { startMailServer } from "../support/smtp.ts";
import { makeKey, type Sshd, startSshd, temporaryUser } from "../support/sshd.ts";
import {
  type Canary,
  canaryOf,
  filesBelow,
  found,
  hiddenPaths,
  newSecret,
  readProcesses,
  sampleOf,
  seedOf,
} from "./canary.ts";
import { declaredEndpoints } from "./endpoints.ts";
import { ownSecrets } from "./own-secrets.ts";
import { eventually, knock, openDatabase, openWebTerminal, send } from "./gate.ts";
import { overSsh } from "./ssh-client.ts";

const canaries: Canary[] = [];
/** Everything that anybody was answered: status lines, headers, bodies, what SSH clients saw. */
const answers: { what: string; text: string }[] = [];
const environment: string[] = [];
const planted = new Set<string>();

let program: TestProgram;
let database: Database;
let admin: Client;
let target: Sshd;
let endpoints: Endpoint[];
let local: ReturnType<typeof temporaryUser>;

function plant(where: string, value = newSecret()): string {
  canaries.push(canaryOf(where, value));
  return value;
}

beforeAll(async () => {
  endpoints = await declaredEndpoints();
  local = temporaryUser();
  plant("a stored password that works", local.password);
  plant("the first administrator's password", ADMIN.password);
  target = await startSshd({ config: [`AllowUsers ${local.name} root`, "PasswordAuthentication yes"] });
  program = await startTestProgram({
    args: ["--requests-per-minute", "100000", "--sign-ins-per-minute", "1000", "--gateways", "1"],
  });
  database = await openDatabase(program);
  admin = await program.setUp();
  plant("a console session's cookie", admin.cookie.split("=")[1]);
}, 120_000);

afterAll(async () => {
  await database?.close();
  await program?.stop();
  await target?.stop();
  local?.remove();
}, 60_000);

async function call(endpoint: Endpoint, input: object, cookie = admin.cookie): Promise<number> {
  const { url } = program;
  const reply = await knock({ url, route: endpoint.route, input, headers: { origin: url, ...(cookie && { cookie }) } });
  answers.push({ what: `${endpoint.name}`, text: reply.text.replace(/^set-cookie\n.*$/gim, "") });
  return reply.status;
}

async function ssh(username: string, password: string, command: string | null): Promise<string> {
  const text = await overSsh({ port: program.sshPort, username, password, command });
  answers.push({ what: `ssh ${username}`, text });
  return text;
}

const tooLong = (text: string): string => text.repeat(2000);

/** Every text of every input, twice: as part of a valid call, and where validation refuses it. */
async function plantEverywhere(endpoint: Endpoint, cookie: string): Promise<void> {
  const { name, input } = endpoint;
  const valid = sampleOf(input, name, (path) => {
    planted.add(path);
    return plant(`${path} in a call of the right form`);
  }) as Record<string, unknown>;
  expect([
    name,
    input.safeParse("cursor" in valid ? { ...valid, cursor: "x" } : valid).error?.issues ?? "accepted",
  ]).toEqual([name, "accepted"]);
  await call(endpoint, valid, cookie);
  await call(
    endpoint,
    sampleOf(input, name, (path) =>
      tooLong(plant(`${path} too long`)).slice(0, isRead(endpoint) ? 4000 : 100_000),
    ) as object,
    cookie,
  );
  await call(endpoint, { ...valid, version: "no", id: "no", name: 7, loginName: {}, assetId: [] }, cookie);
  await call(endpoint, { [plant(`${name}: name of an unknown field`)]: 1 }, cookie);
}

describe("secrets stay inside", () => {
  test("every text that audit events hide is found in the schemas", () => {
    const hidden = endpoints.flatMap(({ name, input }) => hiddenPaths(input, name));
    for (const known of [
      "sign-in.password",
      "setup.complete.token",
      "account.create.secret.value",
      "account.update.secret.passphrase",
      "user.create.password",
    ]) {
      expect(hidden).toContain(known);
    }
  });

  test("calls of every endpoint with canaries in every hidden text, by the administrator and by nobody", async () => {
    const mine = (await admin.fetch("/api/me").then((answer) => answer.json())) as { id: string };
    expect(mine.id).toBeTruthy();
    for (const endpoint of endpoints.filter(({ name }) => name !== "sign-out")) {
      await plantEverywhere(endpoint, admin.cookie);
      await plantEverywhere(endpoint, "");
    }
    const hidden = endpoints.flatMap(({ name, input }) => hiddenPaths(input, name));
    expect(hidden.filter((path) => !planted.has(path))).toEqual([]);
  }, 60_000);

  test("calls that succeed", async () => {
    const password = plant("a user's password");
    const user = await admin.call(createUser, { loginName: "carol", name: "Carol", password });
    const carol = await program.signIn("carol", password);
    plant("another session's cookie", carol.cookie.split("=")[1]);
    const next = plant("a changed password");
    expect(
      await call(
        changeMyPassword,
        { current: plant("a wrong current password"), next: plant("a password that was not taken") },
        carol.cookie,
      ),
    ).toBe(422);
    expect(await call(changeMyPassword, { current: password, next }, carol.cookie)).toBe(200);
    expect(await call(setUserPassword, { id: user.id, password: plant("a password set by the administrator") })).toBe(
      200,
    );
    expect(await call(signOut, {}, carol.cookie)).toBe(401);
    await program
      .signIn("carol", plant("a password with a slip"))
      .catch((error: Error) => answers.push({ what: "a slip", text: JSON.stringify(error) + error.message }));
  });

  test("settings with secrets, and a mail server that is told one and refuses it", async () => {
    const mail = await startMailServer();
    const values = {
      host: "localhost",
      port: mail.port,
      user: "gate",
      password: plant("a mail password that the server refuses and repeats"),
      fromAddress: "gate@example.org",
      caCertificate: mail.certificate,
    };
    expect(await call(updateSettings, { key: "mail", version: 0, values })).toBe(200);
    expect(await call(updateSettings, { key: "mail", version: 0, values })).toBe(409);
    const wrong = { ...values, password: plant("a mail password beside a mistake"), port: 0 };
    expect(await call(updateSettings, { key: "mail", version: 1, values: wrong })).toBe(422);
    expect(await call(checkMail, { to: "ada@example.org" })).toBe(200);
    expect(answers.at(-1)?.text).toContain("refused the user or the password");
    expect(await call(readSettings, { key: "mail" })).toBe(200);
    await mail.stop();
  });

  test("accounts with passwords and keys, sessions that work, are refused, or reach nobody", async () => {
    const { assets, me } = await makeAssets();
    expect(await ssh("admin@works@open", ADMIN.password, "echo visible-$((40+2))")).toContain("visible-42");
    expect(await ssh("admin@key@open", ADMIN.password, "true")).not.toContain("visible");
    await ssh("admin@wrong@open", ADMIN.password, "true");
    await ssh("admin@nobody@closed", ADMIN.password, "true");
    await ssh("admin", plant("an SSH password that is wrong"), null);
    await ssh(`nobody-${newSecret().slice(0, 12)}`, plant("the SSH password of an unknown user"), null);
    const { items } = await admin.call(listSessions, {});
    expect(items.map(({ account }) => account.name)).toEqual(expect.arrayContaining(["works", "wrong", "nobody"]));
    answers.push({ what: "session.list", text: JSON.stringify(items) });
    expect([assets.length, me.length > 0]).toEqual([2, true]);
  }, 60_000);

  test("what is typed is not recorded, only what is shown", async () => {
    const typed = plant("a password typed in a terminal");
    const { items } = (await (await admin.fetch("/api/me/assets")).json()) as {
      items: { id: string; name: string; accounts: { id: string; name: string }[] }[];
    };
    const open = items.find(({ name }) => name === "open");
    const account = open?.accounts.find(({ name }) => name === "works");
    const terminal = await openWebTerminal(program, admin, { assetId: open?.id ?? "", accountId: account?.id ?? "" });
    terminal.type("read -s -p 'secret? ' it; echo heard-${#it}\r");
    await terminal.until("secret? ");
    await pause(300);
    terminal.type(`${typed}\r`);
    await terminal.until(`heard-${typed.length}`);
    environment.push(...(await readProcesses()));
    await terminal.close();
    answers.push({ what: "the terminal", text: terminal.shown() });
    await eventually(
      async () => (await admin.call(readSession, { id: terminal.sessionId })).recording.state === "stored",
      "the recording to be stored",
    );
    await admin.call(openRecording, { id: terminal.sessionId });
    const { chunks } = await admin.call(readRecording, { id: terminal.sessionId });
    const shown = chunks.map(([, , text]) => `${text}\n${Buffer.from(text, "base64").toString("latin1")}`).join("");
    expect(shown).toContain(`heard-${typed.length}`);
    const reply = await knock({
      url: program.url,
      route: exportRecording.route,
      input: { id: terminal.sessionId },
      headers: { origin: program.url, cookie: admin.cookie },
    });
    expect(reply.body).toContain(`heard-${typed.length}`);
    answers.push({ what: "the recording", text: shown }, { what: "the export", text: reply.text });
  }, 60_000);

  test("requests that are no calls", async () => {
    const { url } = program;
    const headers = { origin: url, cookie: admin.cookie };
    const broken = [
      {
        method: "POST",
        place: "/api/sign-in",
        body: `{"loginName":"admin","password":"${plant("a password in broken JSON")}`,
      },
      { method: "POST", place: `/api/sign-in?password=${plant("a password in an address")}`, body: "{}" },
      { method: "GET", place: `/api/sign-in/${plant("a password in a path")}` },
      { method: "GET", place: `/api/users/${plant("a password as an id")}` },
      { method: "GET", place: `/${plant("a password as a page")}` },
      {
        method: "POST",
        place: "/api/accounts",
        body: JSON.stringify({
          assetId: 1,
          username: { a: plant("a secret in a wrong place") },
          secret: plant("a secret of the wrong type"),
        }),
      },
    ];
    for (const ask of broken)
      answers.push({ what: ask.place.slice(0, 20), text: (await send({ url, ...ask, headers })).text });
    expect(answers.slice(-broken.length).map(({ text }) => Number(text.slice(0, 3)) < 500)).toEqual(
      broken.map(() => true),
    );
    const token = plant("a bearer token");
    const odd = {
      authorization: `Bearer ${token}`,
      cookie: `sallyport_session=${plant("a cookie that is none")}`,
      "x-forwarded-for": plant("a header"),
    };
    answers.push({ what: "headers", text: (await send({ url, method: "GET", place: "/api/me", headers: odd })).text });
  });
});

/** One asset that lets in with a password, and one where nobody listens; accounts of every kind. */
async function makeAssets() {
  const ssh = (port: number) => [{ kind: "ssh", port }];
  const open = await admin.call(createAsset, { name: "open", host: target.host, protocols: ssh(target.port) });
  const closed = await admin.call(createAsset, { name: "closed", host: "127.0.0.1", protocols: ssh(await freePort()) });
  const me = (await (await admin.fetch("/api/me")).json()) as { id: string };
  const everything = { accounts: { all: true }, protocols: { all: true } };
  await admin.call(createGrant, { name: "all", userIds: [me.id], assetIds: [open.id, closed.id], ...everything });
  const passphrase = plant("a passphrase");
  const key = makeKey("ed25519", { passphrase });
  const bare = makeKey("ed25519");
  canaries.push(
    canaryOf("a private key", seedOf(bare)),
    canaryOf("the text of a private key", bare.privateKey.split("\n")[4] ?? ""),
  );
  const accounts = [
    { assetId: open.id, name: "works", username: local.name, secret: { kind: "password", value: local.password } },
    {
      assetId: open.id,
      name: "wrong",
      username: local.name,
      secret: { kind: "password", value: plant("a stored password that the target refuses") },
    },
    { assetId: open.id, name: "key", username: local.name, secret: { kind: "key", value: key.privateKey, passphrase } },
    {
      assetId: closed.id,
      name: "nobody",
      username: "root",
      secret: { kind: "password", value: plant("a stored password for nobody") },
    },
  ];
  for (const account of accounts) expect(await call(createAccount, account)).toBe(200);
  expect(await call(createAccount, accounts[0]!)).toBe(409);
  const lost = { assetId: open.id, name: "lost", username: "root" };
  const wrong = { kind: "key", value: key.privateKey, passphrase: plant("a wrong passphrase") };
  expect(await call(createAccount, { ...lost, secret: wrong })).toBe(422);
  expect(await call(createAccount, { ...lost, secret: { kind: "key", value: plant("a key that is none") } })).toBe(422);
  await call(createAccount, {
    ...lost,
    comment: "a\0b",
    secret: { kind: "password", value: plant("a secret beside text that the database refuses") },
  });
  const { id, version } = await admin.call(createAccount, {
    ...lost,
    name: "changed",
    secret: { kind: "password", value: plant("a secret to be replaced") },
  });
  expect(await call(updateAccount, { id, version, secret: { kind: "key", value: bare.privateKey } })).toBe(200);
  expect(
    await call(updateAccount, {
      id,
      version,
      secret: { kind: "password", value: plant("a secret for an older version") },
    }),
  ).toBe(409);
  return { assets: [open, closed], me: me.id };
}

describe("no canary is found", () => {
  beforeAll(async () => {
    environment.push(...(await readProcesses()));
    await sql`checkpoint`.execute(database.db);
  });

  test("in what the search finds when it is there", async () => {
    const [first] = canaries;
    expect(found(canaries, Buffer.concat([Buffer.from("a"), first!.forms[0]!, Buffer.from("b")]))).toEqual([
      first!.where,
    ]);
    for (const form of first!.forms)
      expect(found([first!], Buffer.concat([Buffer.from("??"), form]))).toEqual([first!.where]);
    const hidden = Buffer.from(
      Buffer.concat([Buffer.from("ab"), first!.forms[0]!, Buffer.from("c")]).toString("base64"),
    );
    expect(found([first!], hidden)).toEqual([first!.where]);
    expect(canaries.length).toBeGreaterThan(100);
  });

  test("in an answer, a header, or what an SSH client saw", async () => {
    const { keys, token } = await ownSecrets(program);
    const all = [...canaries, ...keys, token];
    expect(answers.length).toBeGreaterThan(200);
    expect(
      answers.flatMap(({ what, text }) => found(all, Buffer.from(text)).map((where) => `${what}: ${where}`)),
    ).toEqual([]);
  });

  test("in what the program printed", async () => {
    const { keys } = await ownSecrets(program);
    expect(found([...canaries, ...keys], Buffer.from(program.output()))).toEqual([]);
  });

  test("in an audit event or any other row of any table", async () => {
    const { keys, token } = await ownSecrets(program);
    const all = [...canaries, ...keys, token];
    const tables = await sql<{
      name: string;
    }>`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(
      database.db,
    );
    const leaks: string[] = [];
    let events = 0;
    for (const { name } of tables.rows) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t`.execute(database.db);
      if (name === "audit_event") events = rows.length;
      leaks.push(...found(all, Buffer.from(rows.map(({ row }) => row).join("\n"))).map((where) => `${name}: ${where}`));
    }
    expect(leaks).toEqual([]);
    expect(events).toBeGreaterThan(100);
  });

  test("in the arguments or the environment of a process", async () => {
    const { keys, token } = await ownSecrets(program);
    const text = Buffer.from(environment.join("\n"), "latin1");
    expect(text.includes("src/main.ts")).toBe(true);
    expect(found([...canaries, ...keys, token], text)).toEqual([]);
  });

  test("in a file of the data directory: logs, database files and its log of writes, spool, recordings", async () => {
    const { keys, token } = await ownSecrets(program);
    const files = await filesBelow(program.data);
    const leaks: string[] = [];
    for (const path of files.filter((name) => !name.startsWith("keys/"))) {
      const bytes = await readFile(join(program.data, path)).catch(() => Buffer.alloc(0));
      const ours = path === "database/cluster/password" ? [] : keys;
      leaks.push(...found([...canaries, ...ours, token], bytes).map((where) => `${path}: ${where}`));
    }
    expect(leaks).toEqual([]);
    expect(
      files.filter((name) => /^(log|recordings|database\/cluster\/data\/pg_wal)\//.test(name)).length,
    ).toBeGreaterThan(4);
  }, 60_000);
});
