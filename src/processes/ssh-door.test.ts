import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import pino from "pino";
import { afterEach, expect, it } from "vitest";
import type { Child } from "./child.ts";
import { type Behind, openSshDoor } from "./ssh-door.ts";

const log = pino({ level: "silent" });
const open: { end(): void | Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (part) => part.end()));
});

/** A gateway that keeps what it is handed. */
function gateway(facts: Partial<Pick<Behind, "sessions" | "bytesPerSecond">> & { live?: boolean } = {}) {
  const handed: number[] = [];
  const child = {
    live: facts.live ?? true,
    send(message: { id?: number }, socket?: Socket) {
      handed.push(message.id ?? 0);
      open.push({ end: () => void socket?.destroy() });
      return true;
    },
  } as unknown as Child;
  const behind: Behind = {
    child,
    sessions: facts.sessions ?? 0,
    bytesPerSecond: facts.bytesPerSecond ?? 0,
    failedSignIns: 0,
    lag: 0,
    waiting: new Map(),
  };
  return { behind, handed };
}

async function door(gateways: readonly Behind[], perAddress = 64, host = "127.0.0.1", perMinute = 600) {
  const opened = await openSshDoor({ at: { host, port: 0 }, perAddress, perMinute, gateways, log });
  open.push({ end: () => opened.close() });
  return opened;
}

/** Connects; tells whether the door closed it. */
function knock(port: number, host = "127.0.0.1") {
  const socket = connect(port, host);
  const state = { closed: false };
  socket
    .on("error", () => {})
    .on("close", () => (state.closed = true))
    .resume();
  open.unshift({ end: () => void socket.destroy() });
  return state;
}

it("hands a connection to the least busy gateway; a bulk transfer weighs like many sessions", async () => {
  const [busy, bulk, calm] = [
    gateway({ sessions: 3 }),
    gateway({ sessions: 1, bytesPerSecond: 1e8 }),
    gateway({ sessions: 1 }),
  ];
  const { port } = await door([busy.behind, bulk.behind, calm.behind]);
  for (const handed of [1, 2]) {
    knock(port);
    await expect.poll(() => calm.handed.length).toBe(handed);
  }
  calm.behind.sessions = 4;
  knock(port);
  await expect.poll(() => busy.handed.length).toBe(1);
  expect(bulk.handed).toEqual([]);
});

it("closes a connection that no gateway can take", async () => {
  const { port } = await door([gateway({ live: false }).behind]);
  const caller = knock(port);
  await expect.poll(() => caller.closed).toBe(true);
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((found) => found && !found.internal && found.family === "IPv4")?.address;

it.runIf(outside)("lets an address hold so many that are not signed in, and more once they are", async () => {
  const one = gateway();
  const opened = await door([one.behind], 2, "0.0.0.0");
  const callers = [knock(opened.port, outside), knock(opened.port, outside)];
  await expect.poll(() => one.handed.length).toBe(2);
  const third = knock(opened.port, outside);
  await expect.poll(() => third.closed).toBe(true);
  opened.settled(one.behind, one.handed[0]!);
  const fourth = knock(opened.port, outside);
  await expect.poll(() => one.handed.length).toBe(3);
  expect([...callers, fourth].map(({ closed }) => closed)).toEqual([false, false, false]);
});

it.runIf(outside)("lets an address open so many connections in a minute; loopback is not counted", async () => {
  const one = gateway();
  const opened = await door([one.behind], 64, "0.0.0.0", 3);
  for (let n = 0; n < 3; n++) {
    knock(opened.port, outside);
    await expect.poll(() => one.handed.length).toBe(n + 1);
    opened.settled(one.behind, one.handed[n]!);
  }
  const fourth = knock(opened.port, outside);
  await expect.poll(() => fourth.closed).toBe(true);
  for (let n = 0; n < 5; n++) knock(opened.port);
  await expect.poll(() => one.handed.length).toBe(8);
});
