import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { type AnyAction, endpoint, Fault, plain } from "../core/index.ts";
import { type Db, serve } from "../db/index.ts";
import { startHttp } from "../../test/support/http.ts";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";

const Text = plain(z.string());
const socket = endpoint({
  route: "SOCKET /socket/:id",
  name: "echo.socket",
  title: "Open a socket",
  input: z.object({ id: Text }),
  output: z.object({}),
});

const state = { relayTo: "" };

const extra = [
  serve(socket, {
    access: "anonymous",
    run: async ({ deliver }, { id }) => {
      if (id === "denied") throw new Fault("denied", "Not for you.");
      deliver({ kind: "relay", address: id === "gone" ? "/nowhere.sock" : state.relayTo, ticket: `ticket-${id}` });
      return {};
    },
  }),
] as AnyAction<Db>[];

let database: TestDatabase;
let directory: string;
let it_: Awaited<ReturnType<typeof startHttp>>;
const open: { close(): Promise<void> }[] = [];

async function start(options: Parameters<typeof startHttp>[0]["options"] = {}) {
  const started = await startHttp({ database: database.database, directory, extra, options });
  open.push(started);
  return started;
}

beforeAll(async () => {
  database = await testDatabase();
  directory = await mkdtemp(join(tmpdir(), "sallyport-http-"));
  it_ = await start();
});

afterAll(async () => {
  await Promise.all(open.map((started) => started.close()));
  await database?.close();
  await rm(directory, { recursive: true, force: true });
});

const mine = (port: number) => ({ origin: `http://127.0.0.1:${port}` });
const textOf = (data: RawData): string => (data as Buffer).toString();

describe("sockets", () => {
  let upstream: ReturnType<typeof createServer>;
  const tickets: unknown[] = [];

  beforeAll(async () => {
    state.relayTo = join(directory, "gateway.sock");
    const webSockets = new WebSocketServer({ noServer: true });
    upstream = createServer().on("upgrade", (request, duplex, head) => {
      tickets.push(request.headers["x-sallyport-ticket"]);
      if (request.headers["x-sallyport-ticket"] === "ticket-refused")
        return void duplex.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      webSockets.handleUpgrade(request, duplex, head, (webSocket) =>
        webSocket.on("message", (data, binary) => webSocket.send(data, { binary })),
      );
    });
    await new Promise<void>((resolve) => upstream.listen(state.relayTo, resolve));
  });
  afterAll(() => void upstream.close().closeAllConnections());

  const dial = (path: string, headers: Record<string, string> = mine(it_.port)) =>
    new WebSocket(`ws://127.0.0.1:${it_.port}/api${path}`, { headers });

  it("are handed to the process that knows the ticket, byte for byte", async () => {
    const client = dial("/socket/one");
    await new Promise((resolve, reject) => client.once("open", resolve).once("error", reject));
    const sent = Buffer.alloc(3 << 20, 5);
    const echoed = new Promise<Buffer>((resolve) => client.once("message", (data) => resolve(data as Buffer)));
    client.send(sent);
    expect((await echoed).equals(sent)).toBe(true);
    expect(tickets.at(-1)).toBe("ticket-one");
    const closed = new Promise((resolve) => client.once("close", resolve));
    client.close();
    await closed;
  });

  it.each([
    ["denied", "denied", 4403],
    ["gone", "unavailable", 4503],
    ["refused", "unavailable", 4503],
  ])("%s: the fault comes as a frame", async (id, code, close) => {
    const client = dial(`/socket/${id}`);
    const frame = new Promise<string>((resolve) => client.once("message", (data) => resolve(textOf(data))));
    const closed = new Promise<number>((resolve) => client.once("close", resolve));
    expect(JSON.parse(await frame)).toEqual({ type: "fault", code, message: expect.any(String) });
    expect(await closed).toBe(close);
  });

  it.each<[string, string, Record<string, string>, number]>([
    ["another site", "/socket/one", { origin: "https://evil.example" }, 403],
    ["no origin", "/socket/one", {}, 403],
    ["another host name", "/socket/one", { origin: "http://evil.example", host: "evil.example" }, 403],
    ["an unknown path", "/nothing", { origin: "own" }, 404],
    ["a path that is no socket", "/setup", { origin: "own" }, 404],
  ])("%s is refused before the handshake", async (_what, path, headers, status) => {
    const seen = tickets.length;
    const client = dial(path, headers.origin === "own" ? mine(it_.port) : headers);
    const answer = await new Promise<number>((resolve) => {
      client.once("unexpected-response", (request, response) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
      client.on("error", () => {});
    });
    expect(answer).toBe(status);
    expect(tickets.length).toBe(seen);
  });

  it("answer nothing but upgrades", async () => {
    expect(await it_.ask("/api/socket/one", { headers: mine(it_.port) })).toMatchObject({ status: 404 });
    const upgrade = { connection: "Upgrade", upgrade: "h2c" };
    expect(await it_.ask("/api/socket/one", { headers: { ...mine(it_.port), ...upgrade } })).toMatchObject({
      status: 404,
      headers: { connection: "close", "x-content-type-options": "nosniff" },
    });
    expect((await it_.ask("/api/sign-out", { method: "POST", headers: upgrade })).status).toBe(404);
  });

  it("count against the limit of their address", async () => {
    const { port, ask: get } = await start({ limits: { requests: 2, signIns: 100 } });
    const status = (): Promise<number> =>
      new Promise((resolve) => {
        const client = new WebSocket(`ws://127.0.0.1:${port}/api/socket/denied`, { headers: mine(port) });
        client.on("error", () => {}).once("close", resolve);
        client.once("unexpected-response", (request, response) => {
          resolve(response.statusCode ?? 0);
          request.destroy();
        });
      });
    expect([await status(), await status(), await status()]).toEqual([4403, 4403, 429]);
    expect((await get("/healthz")).status).toBe(429);
  });

  it("are written to the audit trail", async () => {
    const { rows } = await database.database.pool.query(
      "select outcome from audit_event where action = 'echo.socket' order by at",
    );
    expect(rows.map(({ outcome }) => outcome)).toContain("ok");
    expect(rows.map(({ outcome }) => outcome)).toContain("denied");
  });
});
