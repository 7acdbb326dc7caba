import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGate } from "../../../test/support/ssh-gate.ts";
import { makeKey, type Sshd, startSshd } from "../../../test/support/sshd.ts";
import { connectSsh } from "../index.ts";
import { readAgain } from "./read-again.ts";

const key = makeKey("ed25519");
const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");
const random = randomBytes(8_000_000);
let sshd: Sshd;
let gate: Awaited<ReturnType<typeof startGate>>;

beforeAll(async () => {
  sshd = await startSshd({ authorizedKeys: [key.publicLine] });
  writeFileSync(join(sshd.folder, "random"), random);
  gate = await startGate({ target: sshd, privateKey: key.privateKey });
});
afterAll(async () => {
  await gate.server.close();
  await sshd.stop();
});

const open = (cipher: string, port = gate.port) =>
  connectSsh({
    host: "127.0.0.1",
    port,
    username: "ann",
    credential: { kind: "key", privateKey: key.privateKey },
    hostKey: { verify: async () => true },
    ciphers: [cipher],
  });
const cat = () => `cat ${join(sshd.folder, "random")}`;

/** Passes on to the gate, cutting what it gets into pieces of 5,000 bytes that arrive one by one. */
async function startCutter(): Promise<Server> {
  const cutter = createServer((from) => {
    const to = connect({ port: gate.port, host: "127.0.0.1", noDelay: true });
    to.pipe(from);
    let [held, isBusy] = [Buffer.alloc(0), false];
    const passOn = async (): Promise<void> => {
      isBusy = true;
      while (held.length > 0) {
        to.write(held.subarray(0, 5_000));
        held = held.subarray(5_000);
        await pause(2);
      }
      isBusy = false;
    };
    from.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      if (!isBusy) void passOn();
    });
  });
  await new Promise<void>((resolve) => cutter.listen(0, "127.0.0.1", resolve));
  return cutter;
}

describe.each(["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr"])("with %s", (cipher) => {
  it("listeners may keep what they are told, also when they hold back the sender", async () => {
    const connection = await open(cipher);
    const read = async (holdEvery: number): Promise<string> => {
      const session = await connection.openExec({ command: cat() });
      const kept: Buffer[] = [];
      session.listen({
        data(bytes) {
          kept.push(bytes);
          return kept.length % holdEvery === 0 ? pause(3) : undefined;
        },
      });
      await session.closed;
      return md5(Buffer.concat(kept));
    };
    expect(await Promise.all([read(5), read(17), read(1e9)])).toEqual(Array(3).fill(md5(random)));
    connection.close();
  });

  it("uploads arrive as they were sent, several at once", async () => {
    const connection = await open(cipher);
    const write = async (piece: number): Promise<string> => {
      const session = await connection.openExec({ command: "md5sum" });
      const told: Buffer[] = [];
      session.listen({ data: (bytes) => void told.push(bytes) });
      for (let at = 0; at < random.length; at += piece) await session.send(random.subarray(at, at + piece));
      session.eof();
      await session.closed;
      return Buffer.concat(told).toString().slice(0, 32);
    };
    expect(await Promise.all([write(32_768), write(9_999), write(100_000)])).toEqual(Array(3).fill(md5(random)));
    connection.close();
  });

  it("a packet whose MAC comes with the next chunk is kept until then", async () => {
    const cutter = await startCutter();
    const connection = await open(cipher, (cutter.address() as AddressInfo).port);
    const session = await connection.openExec({ command: "md5sum" });
    const told: Buffer[] = [];
    session.listen({ data: (bytes) => void told.push(bytes) });
    const sent = random.subarray(0, 150_000);
    for (let at = 0; at < sent.length; at += 50) void session.send(sent.subarray(at, at + 50));
    session.eof();
    await session.closed;
    expect(Buffer.concat(told).toString().slice(0, 32)).toBe(md5(sent));
    connection.close();
    cutter.close();
  });
});

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const dialled = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise((resolve) => dialled.once("connect", resolve));
  const ends: [Socket, Socket] = [await accepted, dialled];
  server.close();
  return ends;
}

it("reads large chunks into one buffer and gives small ones away", async () => {
  const [far, near] = await pair();
  const { socket, read } = readAgain(near, 64 * 1024);
  const chunks: { memory: ArrayBufferLike; length: number }[] = [];
  read(({ buffer, length }) => void chunks.push({ memory: buffer, length }));
  socket.resume();
  far.write(randomBytes(1_000_000));
  while (chunks.reduce((sum, { length }) => sum + length, 0) < 1_000_000) await pause(5);
  const large = chunks.filter(({ length }) => length >= 4096);
  expect(new Set(large.map(({ memory }) => memory)).size).toBe(1);
  far.write("x");
  while (chunks.at(-1)?.length !== 1) await pause(5);
  expect(chunks.at(-1)?.memory).not.toBe(large[0]?.memory);
  far.destroy();
});

it("tells the end to both sockets, closes when told to, and reads on after a pause", async () => {
  const [far, near] = await pair();
  const { socket, read } = readAgain(near, 64 * 1024);
  let told = "";
  read((chunk) => void (told += chunk.toString()));
  socket.resume();
  far.write("one");
  while (told.length < 3) await pause(5);
  socket.pause();
  far.write("two");
  await pause(50);
  expect(told).toBe("one");
  socket.resume();
  while (told.length < 6) await pause(5);
  expect(told).toBe("onetwo");
  const closed = Promise.all([near, socket].map((end) => new Promise((resolve) => end.once("close", resolve))));
  far.end();
  far.resume();
  await closed;
});

it("leaves a socket alone that is not connected yet, or not any more", () => {
  const socket = connect(1, "127.0.0.1").on("error", () => {});
  expect(readAgain(socket, 1024).socket).toBe(socket);
  socket.destroy();
  expect(readAgain(socket, 1024).socket).toBe(socket);
});
