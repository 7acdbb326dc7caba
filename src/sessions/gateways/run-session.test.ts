import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HungTarget, startHungTarget } from "../../../test/gateways/hung-target.ts";
import { eventually, pause } from "../../../test/gateways/stage.ts";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { makeKey, type Sshd, startSshd } from "../../../test/support/sshd.ts";
import { standings } from "../../assets/index.ts";
import { createAccount, createAsset, createGrant } from "../../assets/schema.ts";
import { createRecordingWriter } from "../../audit/index.ts";
import { type Actor, newId } from "../../core/index.ts";
import type { SessionListener } from "../../protocols/index.ts";
import { createLiveSessions } from "../control/live-sessions.ts";
import { createVisitors } from "../control/visitors.ts";
import { createRecorder, type Recorder } from "../recorder/recorder.ts";
import type { ClientEnd } from "./client-end.ts";
import { type Begun, runSession, type SessionDeps } from "./run-session.ts";

let door: Door;
let person: Actor & { id: string; orgId: string };
let admin: Actor;
let spool: string;
let recorder: Recorder;
const key = makeKey("ed25519");
const failures: unknown[] = [];
let count = 0;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("ada", { roles: ["administrator"] });
  person = await door.person("ann");
  spool = await mkdtemp(join(tmpdir(), "sallyport-spool-"));
  recorder = createRecorder({ spoolDirectory: spool, sealer: door.sealer });
});
afterAll(async () => {
  await door?.close();
  await rm(spool, { recursive: true, force: true });
  if (failures.length > 0) throw new Error(`The gateway failed on its own account: ${failures.join("; ")}`);
});

const depsOf = (changes: Partial<SessionDeps> = {}): SessionDeps => ({
  runtime: door.runtime,
  assets: door.assets,
  recorder,
  live: createLiveSessions({
    ask: (requests) => standings(door.db, requests, new Date()),
    failed: (error) => void failures.push(error),
  }),
  visitors: createVisitors(door.iam.stillPresent),
  gatewayId: newId(),
  failed: (error) => void failures.push(error),
  patience: { keepalive: { intervalMs: 15_000, count: 3 }, graceMs: 1000, startMs: 400 },
  meter: () => {},
  attended: () => {},
  ...changes,
});

/** What the person may ask for: a shell on whatever listens at the port. */
async function askFor(port: number, options: { allowed?: boolean } = {}) {
  const name = `host-${++count}`;
  const { id: assetId } = await door.call(admin, createAsset, {
    name,
    host: "127.0.0.1",
    protocols: [{ kind: "ssh", port }],
  });
  const secret = { kind: "key", value: key.privateKey } as const;
  const { id: accountId } = await door.call(admin, createAccount, { assetId, username: "root", secret });
  const rule = {
    name,
    userIds: [person.id],
    assetIds: [assetId],
    accounts: { all: true },
    protocols: { all: true },
  } as const;
  if (options.allowed !== false) await door.call(admin, createGrant, rule as never);
  const pty = { term: "xterm", cols: 80, rows: 24 };
  return { actor: person, assetId, accountId, protocol: "ssh", command: null, pty, env: {} };
}

function clientEnd() {
  const closed = Promise.withResolvers<void>();
  const state = { listener: null as SessionListener | null };
  const client: ClientEnd = {
    send: () => undefined,
    eof: () => {},
    notice: () => {},
    closed: closed.promise,
    isLost: () => false,
    listen: (listener) => void (state.listener = listener),
  };
  return { client, state, leave: () => closed.resolve() };
}

async function rowOf(assetId: string) {
  const find = () =>
    door.db.selectFrom("session").selectAll().where("asset_id", "=", assetId).where("state", "=", "ended");
  return eventually("the end of the row", () => find().executeTakeFirst());
}

describe.each(["channel", "request"] as const)("a target that never answers (%s)", (at) => {
  let hung: HungTarget;
  beforeAll(async () => void (hung = await startHungTarget(at)));
  afterAll(() => hung?.close());

  it("is given up after a while", async () => {
    const deps = depsOf();
    const ask = await askFor(hung.port);
    await expect(runSession(deps, ask, clientEnd().client)).rejects.toMatchObject({
      code: "timeout",
      message: "The target did not start within 0.4 s.",
    });
    expect(await rowOf(ask.assetId)).toMatchObject({
      end_reason: "refused",
      end_detail: expect.stringMatching(/did not start/),
    });
    await eventually("the end of the connection", () => hung.connections() === 0 && deps.live.size === 0, 1000);
  });

  it("is left when the person leaves, without waiting for that", async () => {
    const deps = depsOf({ patience: { keepalive: { intervalMs: 15_000, count: 3 }, graceMs: 1000 } });
    const ask = await askFor(hung.port);
    const { client, leave } = clientEnd();
    const before = hung.hung();
    const ran = runSession(deps, ask, client).catch((error: unknown) => error);
    await eventually("the question", () => hung.hung() > before);
    leave();
    expect(await rowOf(ask.assetId)).toMatchObject({ end_reason: "closed" });
    expect(await ran).toMatchObject({ code: "denied" });
    await eventually("the end of the connection", () => hung.connections() === 0 && deps.live.size === 0, 1000);
  });
});

describe("a target that takes connections and says nothing", () => {
  let mute: Server;
  const sockets = new Set<Socket>();
  beforeAll(async () => {
    mute = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      socket.resume();
    });
    await once(mute.listen(0, "127.0.0.1"), "listening");
  });
  afterAll(() => void mute?.close());
  const port = (): number => (mute.address() as AddressInfo).port;

  it("is dialled no longer when the opening is denied", async () => {
    const deps = depsOf();
    const ask = await askFor(port(), { allowed: false });
    await expect(runSession(deps, ask, clientEnd().client)).rejects.toMatchObject({ code: "denied" });
    await pause(300);
    expect(sockets.size).toBe(0);
    const { rows } = await sql`select 1 from session where asset_id = ${ask.assetId}`.execute(door.db);
    expect([rows.length, deps.live.size]).toEqual([0, 0]);
  });

  it("is dialled no longer when the person leaves", async () => {
    const deps = depsOf();
    const ask = await askFor(port());
    const { client, leave } = clientEnd();
    const ran = runSession(deps, ask, client).catch((error: unknown) => error);
    await eventually("the dial", () => sockets.size === 1 && deps.live.size === 1);
    leave();
    expect(await rowOf(ask.assetId)).toMatchObject({ end_reason: "closed" });
    expect(await ran).toMatchObject({ code: "denied" });
    await eventually("the end of the dial", () => sockets.size === 0, 1000);
  });
});

describe("a session", () => {
  let sshd: Sshd;
  beforeAll(async () => void (sshd = await startSshd({ authorizedKeys: [key.publicLine] })));
  afterAll(() => sshd?.stop());

  /** A recorder whose recordings hold so many bytes. */
  const small = (maxSpoolBytes: number): Recorder => ({
    start: ({ id, orgId, title, startedAt, cols, rows, terminal, onFailure }) =>
      createRecordingWriter({
        directory: spool,
        id,
        header: {
          width: cols,
          height: rows,
          startedAt: startedAt.toISOString(),
          title,
          sessionId: id,
          orgId,
          terminal,
        },
        wrap: (dataKey, context) => door.sealer.seal(dataKey, context),
        maxSpoolBytes,
        onFailure,
      }),
  });

  it("ends when a resize cannot be recorded, alone", async () => {
    const ask = { ...(await askFor(sshd.port)), command: "sleep 30" };
    const { client, state } = clientEnd();
    const ran = runSession(depsOf({ recorder: small(500) }), ask, client);
    const listener = await eventually("the relay", () => state.listener);
    let cols = 80;
    const drag = setInterval(() => listener.resized?.({ cols: ++cols, rows: 24, width: 0, height: 0 }), 20);
    const end = await ran.finally(() => clearInterval(drag));
    expect(end).toMatchObject({ reason: "recording_failed" });
    expect(await rowOf(ask.assetId)).toMatchObject({ end_reason: "recording_failed" });
  });

  it("of which no recording can be started is refused, and its row says so", async () => {
    const ask = await askFor(sshd.port);
    const file = join(spool, "file");
    await writeFile(file, "");
    const nowhere = createRecorder({ spoolDirectory: file, sealer: door.sealer });
    await expect(runSession(depsOf({ recorder: nowhere }), ask, clientEnd().client)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(await rowOf(ask.assetId)).toMatchObject({ end_reason: "refused", recording_state: "failed" });
  });

  it("tells that it has begun, and ends for the first cause it is given", async () => {
    const deps = depsOf();
    const ask = await askFor(sshd.port);
    const begun = Promise.withResolvers<Begun>();
    const ran = runSession(deps, ask, clientEnd().client, begun.resolve);
    const session = await begun.promise;
    expect(deps.live.ids()).toEqual([session.id]);
    const first = session.end({ reason: "terminated", detail: "Enough." });
    void session.end({ reason: "revoked", detail: "Too late." });
    await first;
    expect(await ran).toMatchObject({ reason: "terminated", detail: "Enough." });
    expect(await rowOf(ask.assetId)).toMatchObject({ id: session.id, end_reason: "terminated", end_detail: "Enough." });
    await eventually("leaving", () => deps.live.size === 0);
  });
});
