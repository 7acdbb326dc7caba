import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { eventually, pause } from "../../../../test/gateways/stage.ts";
import { type Door, openDoor } from "../../../../test/security/door.ts";
import { newId } from "../../../core/index.ts";
import { createAudience } from "../../control/audience.ts";
import { createLiveSessions } from "../../control/live-sessions.ts";
import { writeTicket } from "../../control/ticket.store.ts";
import { createVisitors } from "../../control/visitors.ts";
import { createRecorder } from "../../recorder/recorder.ts";
import type { SessionDeps } from "../run-session.ts";
import { createTerminalServer } from "./terminal-server.ts";
import { createWebChannel } from "./web-channel.ts";

let door: Door;
let folder: string;
let server: Server;
let place: string;
const gatewayId = newId();
const sessionId = newId();
const failures: unknown[] = [];
const failed = (error: unknown): void => void failures.push(error);
const audience = createAudience({ size: { cols: 10_000, rows: 50 }, screen: true });
const person = { id: newId(), name: "Ann", orgId: newId(), address: null, signInId: null, apiKeyId: null };

beforeAll(async () => {
  door = await openDoor();
  folder = await mkdtemp(join(tmpdir(), "sallyport-terminals-"));
  place = join(folder, "gateway.sock");
  const live = createLiveSessions({ ask: async () => [], failed });
  const deps: SessionDeps = {
    runtime: door.runtime,
    assets: door.assets,
    recorder: createRecorder({ spoolDirectory: folder, sealer: door.sealer }),
    live,
    visitors: createVisitors(door.iam.stillPresent),
    gatewayId,
    failed,
    patience: { keepalive: { intervalMs: 15_000, count: 3 }, graceMs: 1000 },
    meter: () => {},
    attended: () => {},
  };
  const request = { orgId: person.orgId, userId: person.id, assetId: newId(), accountId: newId() };
  live.add({
    id: sessionId,
    userId: person.id,
    request: { ...request, protocol: "ssh", action: "connect", address: null, method: "ssh-client" },
    audience,
    nextChange: null,
    gave: new Map(),
    outlives: null,
    told: () => {},
    end: async () => {},
  });
  live.stop();
  server = createTerminalServer(deps);
  await once(server.listen(place), "listening");
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
  await door?.close();
  if (failures.length > 0) throw new Error(`The gateway failed on its own account: ${failures.join("; ")}`);
});

/** A raw socket that upgraded; nothing of what comes is read until it is asked for. */
async function upgraded(path: string, headers: string[] = []): Promise<Socket> {
  const socket = connect({ path });
  await once(socket, "connect");
  const key = randomBytes(16).toString("base64");
  const lines = [
    "GET / HTTP/1.1",
    "Host: gateway",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    ...headers,
  ];
  socket.on("error", () => {});
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  socket.pause();
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1.1 101 /);
  return socket;
}

/** A client's frame whose mask is zero (RFC 6455 5.2); at most 125 bytes. */
const frame = (opcode: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const [TEXT, PING] = [1, 9];

function roomOrEnd(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

/** Sends the frame so many times, as fast as it is taken; false when the socket was cut meanwhile. */
async function flood(socket: Socket, one: Buffer, times: number): Promise<boolean> {
  const block = Buffer.concat(Array.from({ length: 1000 }, () => one));
  for (let sent = 0; sent < times; sent += 1000) {
    if (socket.destroyed) return false;
    if (!socket.write(block)) await roomOrEnd(socket);
  }
  return !socket.destroyed;
}

describe("a socket that asks and never reads", () => {
  it("is answered as much as it takes when it pings", async () => {
    const ticket = await writeTicket(door.db, gatewayId, { kind: "watch", person, sessionId });
    const socket = await upgraded(place, [`x-sallyport-ticket: ${ticket}`]);
    const times = 50_000;
    expect(await flood(socket, frame(PING, "x".repeat(125)), times)).toBe(true);
    await pause(300);
    let answered = 0;
    socket.on("data", (bytes: Buffer) => void (answered += bytes.length)).resume();
    await pause(500);
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan((times * 127) / 4);
    socket.destroy();
  });

  it("is cut when it floods the terminal with requests", async () => {
    const sockets = new WebSocketServer({ noServer: true });
    const channel = createWebChannel(10);
    const own = join(folder, "channel.sock");
    const http = createServer();
    let buffered = 0;
    http.on("upgrade", (request, stream, head) =>
      sockets.handleUpgrade(request, stream, head, (socket) => {
        channel.attach(socket);
        socket.on("message", () => void (buffered = Math.max(buffered, socket.bufferedAmount)));
      }),
    );
    await once(http.listen(own), "listening");
    const socket = await upgraded(own);
    await flood(socket, frame(TEXT, '{"type":"ping"}'), 1_500_000);
    socket.resume();
    await eventually("the cut", () => socket.destroyed);
    await channel.closed;
    expect(channel.isLost()).toBe(true);
    expect(buffered).toBeLessThan(9 * 1024 * 1024);
    http.close();
  }, 30_000);
});

describe("a watcher", () => {
  it("with a permit that is unknown or was used is refused in words", async () => {
    const ticket = await writeTicket(door.db, gatewayId, { kind: "watch", person, sessionId });
    const first = await upgraded(place, [`x-sallyport-ticket: ${ticket}`]);
    await eventually("the watcher", () => audience.names().includes("Ann"));
    for (const used of [ticket, "made-up", ""]) {
      const socket = await upgraded(place, [`x-sallyport-ticket: ${used}`]);
      const bytes: Buffer[] = [];
      socket.on("data", (given: Buffer) => void bytes.push(given)).resume();
      await eventually("the refusal", () => Buffer.concat(bytes).includes("not valid any more"));
      socket.destroy();
    }
    first.destroy();
    await eventually("leaving", () => !audience.names().includes("Ann"));
    expect(audience.names()).toEqual([]);
  });

  it("of another organization is refused", async () => {
    const stranger = { ...person, orgId: newId() };
    const ticket = await writeTicket(door.db, gatewayId, { kind: "watch", person: stranger, sessionId });
    const socket = await upgraded(place, [`x-sallyport-ticket: ${ticket}`]);
    const bytes: Buffer[] = [];
    socket.on("data", (given: Buffer) => void bytes.push(given)).resume();
    await eventually("the refusal", () => Buffer.concat(bytes).includes("The session has ended."));
    expect(audience.names()).toEqual([]);
    socket.destroy();
  });

  it("who reads too slowly is let go; the session goes on", async () => {
    const ticket = await writeTicket(door.db, gatewayId, { kind: "watch", person, sessionId });
    const socket = await upgraded(place, [`x-sallyport-ticket: ${ticket}`]);
    await eventually("the watcher", () => audience.names().includes("Ann"));
    const block = Buffer.alloc(64 * 1024, "x");
    for (let shown = 0; shown < 200 && audience.names().length > 0; shown++) {
      audience.shown(block);
      await pause(1);
    }
    expect(audience.names()).toEqual([]);
    socket.destroy();
  });
});
