import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import {
  createAccount,
  createAsset,
  createGrant,
  createNode,
  createRequestRule,
  listNodes,
} from "../../src/assets/schema.ts";
import { newId } from "../../src/core/index.ts";
import { createDatabase, type Database } from "../../src/db/index.ts";
import { createOrganization } from "../../src/iam/index.ts";
import {
  addMySshKey,
  beginDevice,
  createGroup,
  createMyApiKey,
  createRole,
  createServiceAccount,
  createServiceKey,
  createUser,
} from "../../src/iam/schema.ts";
import { openTerminal, readSession } from "../../src/sessions/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { makeBackend, makeJob, makeTicket } from "./unknown-rows.ts";
import { makeKey, type Sshd, startSshd } from "../support/sshd.ts";
import { makeRules } from "./gate-rules.ts";

/** What came back for one request: a status, the fault's code if it was refused, everything that was readable. */
export interface Reply {
  readonly status: number;
  readonly code: string;
  /** Status line, headers and body. */
  readonly text: string;
  readonly body: string;
}

export interface Knock {
  readonly url: string;
  /** `METHOD /path` below /api, or a whole path. */
  readonly route: string;
  readonly input?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends an endpoint's call with exactly these headers: no Origin, cookie or Host unless they are given. */
export function knock({ url, route, input = {}, headers = {} }: Knock): Promise<Reply> {
  const [method = "", pattern = ""] = route.split(" ");
  const rest: Record<string, unknown> = { ...input };
  const path = pattern.replace(/:([a-zA-Z]+)/g, (_, key: string) => {
    const value = String(rest[key]).toWellFormed();
    delete rest[key];
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(
    Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();
  const body = method === "GET" || method === "SOCKET" ? undefined : JSON.stringify(rest);
  const place = `/api${path}${body === undefined && query ? `?${query}` : ""}`;
  if (method === "SOCKET") return knockSocket(url, place, headers);
  return send({ url, method, place, body, headers });
}

/** One plain request to any path. */
export function send(ask: {
  url: string;
  method: string;
  place: string;
  body?: string | undefined;
  headers?: Readonly<Record<string, string>>;
}): Promise<Reply> {
  const { hostname, port } = new URL(ask.url);
  const sent = {
    ...(ask.body !== undefined && {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(ask.body)),
    }),
    ...ask.headers,
  };
  return new Promise((resolve, reject) => {
    const asking = request(
      { hostname, port, method: ask.method, path: ask.place, headers: sent, timeout: 20_000, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: answer.statusCode ?? 0,
            code: codeOf(text),
            body: text,
            text: `${answer.statusCode} ${answer.rawHeaders.join("\n")}\n${text}`,
          });
        });
      },
    );
    asking.on("timeout", () => asking.destroy(new Error("No answer within 20 seconds"))).on("error", reject);
    asking.end(ask.body);
  });
}

function codeOf(body: string): string {
  try {
    return String((JSON.parse(body) as { error?: string }).error ?? "");
  } catch {
    return "";
  }
}

/** A refusal travels in a frame; a socket that stays open for 300 ms counts as let in, with 101. */
function knockSocket(url: string, place: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
  const socket = new WebSocket(url.replace("http", "ws") + place, { headers, handshakeTimeout: 10_000 });
  let seen = "";
  return new Promise((resolve, reject) => {
    const done = (status: number, code: string) => {
      clearTimeout(timer);
      socket.on("error", () => {}).terminate();
      resolve({ status, code, body: seen, text: seen });
    };
    let timer: NodeJS.Timeout | undefined;
    socket.on("unexpected-response", (_, answer) =>
      done(answer.statusCode ?? 0, answer.statusCode === 403 ? "denied" : ""),
    );
    socket.on("error", reject);
    socket.on("open", () => (timer = setTimeout(() => done(101, ""), 3000)));
    socket.on("message", (data: Buffer) => {
      seen += data.toString();
      const notice = readNotice(data);
      if (notice?.type === "fault") done(403, notice.code ?? "");
      else if (notice?.type === "opened" || notice?.type === "size") done(101, "");
    });
  });
}

function readNotice(data: Buffer): { type?: string; code?: string; sessionId?: string } | null {
  try {
    return JSON.parse(data.toString()) as { type?: string; code?: string };
  } catch {
    return null;
  }
}

/** A web terminal that is open; `typed` sends keys. */
export interface Terminal {
  readonly sessionId: string;
  shown(): string;
  type(keys: string): void;
  /** Resolves once the screen shows it. */
  until(text: string): Promise<void>;
  close(): Promise<void>;
}

export async function openWebTerminal(
  program: TestProgram,
  person: Client,
  on: { assetId: string; accountId: string },
): Promise<Terminal> {
  const query = new URLSearchParams({ ...on, protocol: "ssh" }).toString();
  const place = `/api${openTerminal.route.split(" ")[1]}?${query}`;
  const socket = new WebSocket(program.url.replace("http", "ws") + place, {
    headers: { origin: program.url, cookie: person.cookie },
  });
  let shown = "";
  const sessionId = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The terminal did not open: ${shown}`)), 20_000);
    socket.on("error", reject);
    socket.on("message", (data: Buffer, binary: boolean) => {
      shown += data.toString();
      const notice = binary ? null : readNotice(data);
      if (notice?.type === "fault") reject(new Error(shown));
      if (notice?.type !== "opened") return;
      clearTimeout(timer);
      resolve(notice.sessionId ?? "");
    });
  });
  return {
    sessionId,
    shown: () => shown,
    type: (keys) => socket.send(Buffer.from(keys)),
    until: (text) =>
      eventually(async () => shown.includes(text), `the screen to show ${text}, it shows ${shown.slice(-300)}`),
    async close() {
      socket.on("error", () => {}).send(JSON.stringify({ type: "close" }));
      await new Promise((resolve) => socket.once("close", resolve));
    },
  };
}

export async function eventually(done: () => Promise<boolean>, what: string, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`Waited ${ms} ms for ${what}`);
    await pause(100);
  }
}

export const PASSWORD = `strong-${randomBytes(12).toString("hex")}`;

/** The program with one organization that holds a row of everything, and a second organization. */
export type Gate = Awaited<ReturnType<typeof startGate>>;

export async function startGate() {
  const program = await startTestProgram({
    args: ["--requests-per-minute", "100000", "--sign-ins-per-minute", "1000", "--gateways", "1"],
  });
  const database = await openDatabase(program);
  let target: Sshd | undefined;
  try {
    const admin = await program.setUp();
    const key = makeKey("ed25519");
    target = await startSshd({ authorizedKeys: [key.publicLine] });
    const first = await fill({ program, admin, target, privateKey: key.privateKey, database });
    const other = await secondOrganization(program, admin, database);
    const user = await program.signIn(first.userName, PASSWORD);
    return {
      program,
      database,
      admin,
      user,
      other,
      first,
      target,
      async stop() {
        await first.live.close().catch(() => {});
        await database.close();
        await program.stop();
        await target?.stop();
      },
    };
  } catch (error) {
    await database.close();
    await program.stop();
    await target?.stop();
    throw error;
  }
}

/** The program's embedded database, as its owner. */
export async function addressOf({ data }: TestProgram) {
  const password = (await readFile(join(data, "database", "cluster", "password"), "utf8")).trim();
  return { host: join(data, "database", "socket"), port: 5432, database: "sallyport", user: "sallyport", password };
}

export const openDatabase = async (program: TestProgram): Promise<Database> =>
  createDatabase({ ...(await addressOf(program)), role: null, max: 4 });

const unique = (what: string): string => `${what}-${randomBytes(5).toString("hex")}`;

interface Filling {
  readonly program: TestProgram;
  readonly admin: Client;
  readonly target: Sshd;
  readonly privateKey: string;
  readonly database: Database;
}

async function fill({ program, admin, target, privateKey, database }: Filling) {
  const names = {
    user: unique("walker"),
    group: unique("group"),
    node: unique("node"),
    asset: unique("asset"),
    account: unique("account"),
    grant: unique("grant"),
    accessRule: unique("accessrule"),
    commands: unique("commands"),
    key: unique("key"),
    job: unique("job"),
    ticket: unique("ticket"),
    service: unique("service"),
    apiKey: unique("api-key"),
  };
  const user = await admin.call(createUser, { loginName: names.user, name: names.user, password: PASSWORD });
  const group = await admin.call(createGroup, { name: names.group });
  const root = await rootOf(admin, target);
  const node = await admin.call(createNode, { parentId: root, name: names.node });
  const protocols = [{ kind: "ssh", port: target.port }];
  const asset = await admin.call(createAsset, { name: names.asset, host: target.host, protocols, nodeIds: [node.id] });
  const secret = { kind: "key" as const, value: privateKey };
  const account = await admin.call(createAccount, {
    assetId: asset.id,
    name: names.account,
    username: target.username,
    secret,
  });
  const me = (await (await admin.fetch("/api/me")).json()) as { id: string };
  const grant = await admin.call(createGrant, {
    name: names.grant,
    userIds: [me.id],
    assetIds: [asset.id],
    accounts: { all: true },
    protocols: { all: true },
  });
  const key = await admin.call(addMySshKey, { name: names.key, publicKey: makeKey("ed25519").publicLine });
  const service = await admin.call(createServiceAccount, { loginName: names.service, name: names.service });
  const wanted = { name: names.apiKey, scopes: ["me.read"] };
  const { key: serviceKey } = await admin.call(createServiceKey, { id: service.id, ...wanted });
  const { key: apiKey } = await admin.call(createMyApiKey, wanted);
  const asked = { publicKey: makeKey("ed25519").publicLine, device: "laptop" };
  const device = await program.anonymous().call(beginDevice, asked);
  const on = { assetId: asset.id, accountId: account.id };
  const ended = await openWebTerminal(program, admin, on);
  ended.type("echo done-$((40+2))\r");
  await ended.until("done-42");
  await ended.close();
  await eventually(
    async () => (await admin.call(readSession, { id: ended.sessionId })).recording.state === "stored",
    "the recording to be stored",
  );
  const live = await openWebTerminal(program, admin, on);
  const role = await admin.call(createRole, { name: unique("role"), permissions: ["user.list"] });
  const requestRule = await admin.call(createRequestRule, {
    name: unique("request-rule"),
    askerUserIds: [me.id],
    assetIds: [asset.id],
    reviewerUserIds: [me.id],
  });
  const rules = await makeRules(admin, names);
  const jobId = await makeJob(database, me.id, names.job);
  const ticketId = await makeTicket(database, me.id, names.ticket);
  const backendId = await makeBackend(database);
  const ids = {
    adminId: me.id,
    userId: user.id,
    groupId: group.id,
    nodeId: node.id,
    assetId: asset.id,
    accountId: account.id,
    grantId: grant.id,
    requestRuleId: requestRule.id,
    ...rules,
    keyId: key.id,
    endedId: ended.sessionId,
    liveId: live.sessionId,
    jobId,
    ticketId,
    roleId: role.id,
    backendId,
    serviceId: service.id,
    serviceKeyId: serviceKey.id,
    apiKeyId: apiKey.id,
  };
  return {
    ...ids,
    deviceCode: device.code,
    root,
    live,
    names,
    userName: names.user,
    fingerprint: key.fingerprint,
    versions: { user: user.version, account: account.version },
  };
}

async function rootOf(admin: Client, target: Sshd): Promise<string> {
  const protocols = [{ kind: "ssh", port: target.port }];
  await admin.call(createAsset, { name: unique("first"), host: target.host, protocols });
  const { items } = await admin.call(listNodes, {});
  return items[0]?.id ?? "";
}

/** An organization of its own, with an administrator who belongs to nothing else. */
async function secondOrganization(
  program: TestProgram,
  admin: Client,
  database: Database,
): Promise<Client & { orgId: string; userId: string; loginName: string }> {
  const orgId = newId();
  const loginName = unique("stranger");
  const user = await admin.call(createUser, { loginName, name: loginName, password: PASSWORD, roles: [] });
  const { db } = database;
  await createOrganization(db, { id: orgId, name: unique("Second") });
  await db.deleteFrom("membership").where("user_id", "=", user.id).execute();
  await db.insertInto("membership").values({ org_id: orgId, user_id: user.id }).execute();
  await db.insertInto("role_binding").values({ org_id: orgId, user_id: user.id, role_id: "administrator" }).execute();
  return { ...(await program.signIn(loginName, PASSWORD)), orgId, userId: user.id, loginName };
}
