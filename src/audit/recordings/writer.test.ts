import { spawn, spawnSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFile, mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRecordingWriter } from "./index.ts";
import { header, names, type Places, places, readAll, textOf, unwrap, wrap } from "./test-support.ts";
import { openSpool } from "./reader.ts";

let at: Places;
beforeEach(async () => {
  at = await places();
});
afterEach(() => at.remove());

const start = (more = {}) =>
  createRecordingWriter({ directory: at.spool, id: randomUUID(), header: header(), wrap, ...more });

describe("the recording writer", () => {
  it("gives back every kind of chunk in order", async () => {
    const writer = await start({ recordInput: true });
    writer.output(0, Buffer.from("$ "));
    writer.input(Buffer.from("ls\r"));
    writer.output(1, Buffer.from("no such thing\n"));
    writer.resize(132, 50);
    writer.marker("here");
    writer.output(0, Buffer.alloc(0));
    const summary = await writer.end({ reason: "closed", exit: { code: 3, signal: null } });
    expect(summary).toMatchObject({ complete: true, chunks: 7, id: writer.id });
    const { chunks, outcome } = await readAll(join(at.spool, writer.id));
    expect(chunks.map(({ kind, bytes }) => [kind, String(bytes)])).toEqual([
      ["o", "$ "],
      ["i", "ls\r"],
      ["e", "no such thing\n"],
      ["r", "132x50"],
      ["m", "here"],
      ["o", ""],
      ["x", '{"reason":"closed","exit":{"code":3,"signal":null}}'],
    ]);
    expect(outcome).toMatchObject({ state: "complete", problem: null });
    expect(await names(join(at.spool, writer.id))).toEqual(["000000.part", "header.json"]);
  });

  it("drops keystrokes unless asked, and keeps nothing readable on disk", async () => {
    const writer = await start();
    writer.input(Buffer.from("hunter2-typed"));
    writer.output(0, Buffer.from("hunter2-shown"));
    await writer.end({ reason: "closed" });
    const directory = join(at.spool, writer.id);
    expect((await readAll(directory)).chunks.map(({ kind }) => kind)).toEqual(["o", "x"]);
    for (const name of await names(directory))
      expect(await readFile(join(directory, name), "latin1")).not.toContain("hunter2");
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "000000.part"))).mode & 0o777).toBe(0o600);
  });

  it("cuts large output into chunks and parts and joins it again", async () => {
    const writer = await start({ partBytes: 1_000_000 });
    const bytes = randomBytes(5_000_000);
    writer.output(0, bytes.subarray(0, 3_000_000));
    writer.output(0, bytes.subarray(3_000_000));
    await writer.end({ reason: "closed" });
    const { chunks, outcome } = await readAll(join(at.spool, writer.id));
    expect(outcome.state).toBe("complete");
    expect(Buffer.concat(chunks.slice(0, -1).map((chunk) => chunk.bytes)).equals(bytes)).toBe(true);
    expect((await names(join(at.spool, writer.id))).length).toBeGreaterThan(5);
  });

  it("refuses an id that was used, a wrong header and a directory that cannot be written", async () => {
    const writer = await start();
    await expect(start({ id: writer.id })).rejects.toMatchObject({ code: "unavailable" });
    await expect(start({ id: "../x" })).rejects.toMatchObject({ code: "unavailable" });
    await expect(start({ header: { ...header(), startedAt: "now" } })).rejects.toThrow();
    await expect(start({ directory: "/dev/null/x" })).rejects.toMatchObject({ code: "unavailable" });
    await expect(start({ minFreeBytes: 1e18 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("free space"),
    });
    await writer.end({ reason: "closed" });
    expect(() => writer.output(0, Buffer.from("late"))).toThrow(/ended/);
  });

  it("takes whatever sizes and endings a client or target sends", async () => {
    const writer = await start({ header: { ...header(), width: 0, height: 1e9 } });
    writer.resize(0, Number.NaN);
    writer.resize(-5, 70_000.5);
    const end = await writer.end({ reason: "r".repeat(5000), exit: { code: null, signal: "S".repeat(5000) } });
    expect(end.complete).toBe(true);
    const { chunks, spool } = await readAll(join(at.spool, writer.id));
    expect(spool.header).toMatchObject({ width: 1, height: 65_535 });
    expect([textOf(chunks.slice(0, 1), "r"), textOf(chunks.slice(1, 2), "r")]).toEqual(["1x1", "1x65535"]);
  });

  it("joins several buffers into one chunk", async () => {
    const writer = await start();
    writer.output(0, [Buffer.from("a"), Buffer.alloc(0), Buffer.from("bc")]);
    writer.output(0, []);
    writer.output(1, [Buffer.alloc(200_000, "d"), Buffer.alloc(200_000, "e")]);
    await writer.end({ reason: "closed" });
    const { chunks } = await readAll(join(at.spool, writer.id));
    expect(chunks.map(({ kind, length }) => [kind, length])).toEqual([
      ["o", 3],
      ["e", 262_144],
      ["e", 137_856],
      ["x", 31],
    ]);
    expect(textOf(chunks, "e")).toBe("d".repeat(200_000) + "e".repeat(200_000));
  });

  it("fails for good at its limit, says so once and keeps what was written", async () => {
    const faults: unknown[] = [];
    const writer = await start({ maxSpoolBytes: 10_000, onFailure: (fault: unknown) => faults.push(fault) });
    writer.output(0, Buffer.from("kept"));
    expect(() => writer.output(0, Buffer.alloc(20_000))).toThrow(/limit/);
    expect(() => writer.output(0, Buffer.from("x"))).toThrow(/limit/);
    expect(writer.failure).toMatchObject({ code: "unavailable" });
    expect(faults).toHaveLength(1);
    expect(await writer.end({ reason: "cut" })).toMatchObject({ complete: false });
    const { chunks, outcome } = await readAll(join(at.spool, writer.id));
    expect(textOf(chunks)).toBe("kept");
    expect(outcome).toMatchObject({ state: "cut", problem: null });
  });

  it("opens only with the right key", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("x"));
    await writer.end({ reason: "closed" });
    const directory = join(at.spool, writer.id);
    const wrong = await openSpool({ directory, unwrap: () => randomBytes(32) });
    const reading = wrong.chunks();
    for await (const _ of reading) throw new Error("a chunk came out");
    expect(reading.outcome).toMatchObject({ state: "cut", problem: "part 0, byte 0: the frame does not fit its tag" });
    const spoolHeader = await readFile(join(directory, "header.json"), "utf8");
    await writeFile(join(directory, "header.json"), spoolHeader.replace("root@demo", "root@other"));
    const { chunks, outcome } = await readAll(directory);
    expect(chunks).toEqual([]);
    expect(outcome.problem).toContain("the hash chain does not fit");
    await expect(openSpool({ directory, unwrap: (wrapped) => unwrap(wrapped, "recording:other") })).rejects.toThrow();
  });
});

describe("a spool that stops", () => {
  it("is read up to the torn frame, wherever it tears", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("first"));
    const part = join(at.spool, writer.id, "000000.part");
    const whole = (await stat(part)).size;
    writer.output(0, Buffer.from("the last frame"));
    const full = await readFile(part);
    for (let size = full.length - 1; size >= whole; size--) {
      await truncate(part, size);
      const { chunks, outcome } = await readAll(join(at.spool, writer.id));
      expect(textOf(chunks)).toBe("first");
      expect(outcome).toMatchObject({ state: "cut", problem: null, position: { offset: whole } });
    }
    await appendFile(part, Buffer.alloc(5000));
    expect((await readAll(join(at.spool, writer.id))).outcome).toMatchObject({ state: "cut", problem: null });
  });

  it("names the place of a changed byte, whichever it is", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("first"));
    const part = join(at.spool, writer.id, "000000.part");
    const whole = (await stat(part)).size;
    writer.output(0, Buffer.from("second"));
    writer.output(0, Buffer.from("third"));
    const full = await readFile(part);
    for (let place = whole; place < whole + 74; place++) {
      const changed = Buffer.from(full);
      changed[place]! ^= 1;
      await writeFile(part, changed);
      const { chunks, outcome } = await readAll(join(at.spool, writer.id));
      expect(textOf(chunks)).toBe("first");
      expect(outcome.state).toBe("cut");
      // A longer length looks like a frame that is not all there.
      const torn = place === whole + 17 || place === whole + 18;
      expect(outcome.problem?.startsWith(`part 0, byte ${whole}: `) ?? null).toBe(torn ? null : true);
    }
  });

  it("never breaks the reader, whatever the bytes", async () => {
    const writer = await start();
    for (let n = 0; n < 20; n++) writer.output(0, randomBytes(n * 7));
    const part = join(at.spool, writer.id, "000000.part");
    const full = await readFile(part);
    for (let round = 0; round < 300; round++) {
      const changed = Buffer.from(full.subarray(0, Math.ceil(Math.random() * full.length)));
      for (let n = 0; n < 1 + (round % 5); n++)
        changed[Math.floor(Math.random() * changed.length)] = Math.random() * 256;
      await writeFile(part, round % 10 === 0 ? randomBytes(1000) : changed);
      const { chunks, outcome } = await readAll(join(at.spool, writer.id));
      expect(outcome.state).toBe("cut");
      for (const { sequence, bytes } of chunks) expect(bytes).toHaveLength(sequence * 7);
    }
  });

  it("holds everything that was acknowledged before kill -9", { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "writer.fixture.ts"), at.spool], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let [id, acknowledged] = ["", -1];
    const ended = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
      if (id === "") id = line;
      else acknowledged = Number(line);
      if (acknowledged === 3000) child.kill("SIGKILL");
    }
    expect(await ended).toEqual([null, "SIGKILL"]);
    const { chunks, outcome } = await readAll(join(at.spool, id));
    expect(outcome).toMatchObject({ state: "cut", problem: null });
    expect(acknowledged).toBeGreaterThanOrEqual(3000);
    expect(chunks.length).toBeGreaterThan(acknowledged);
    chunks.forEach(({ bytes }, n) => expect(bytes.subarray(0, 12).toString()).toBe(String(n).padStart(12, "0")));
  });
});

/** Runs the test on a small file system of its own. */
async function onSmallDisk(skip: (why: string) => void, megabytes: number, test: (mount: string) => Promise<void>) {
  const mount = join(at.root, "small");
  const run = (command: string, ...words: string[]) => spawnSync(command, words, { timeout: 10_000 }).status;
  await mkdir(mount);
  if (run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", mount) !== 0)
    return skip("mounting is not permitted");
  try {
    await test(mount);
  } finally {
    await vi.waitUntil(() => run("umount", mount) === 0, 5000);
  }
}

describe("a full disk", () => {
  it("fails the recording, and what was written stays readable", ({ skip }) =>
    onSmallDisk(skip, 2, async (mount) => {
      const directory = join(mount, "spool");
      const onFailure = vi.fn<() => void>();
      const writer = await start({ directory, minFreeBytes: 0, onFailure });
      let written = 0;
      expect(() => {
        for (; written < 1000; written++) writer.output(0, Buffer.alloc(10_000, 65));
      }).toThrow(/disk is full/);
      expect(written).toBeGreaterThan(100);
      expect(onFailure).toHaveBeenCalledOnce();
      await writer.end({ reason: "cut" });
      const { chunks, outcome } = await readAll(join(directory, writer.id));
      expect(chunks).toHaveLength(written);
      expect(outcome).toMatchObject({ state: "cut", problem: null });
      await expect(start({ directory, minFreeBytes: 0 })).rejects.toMatchObject({ code: "unavailable" });
    }));

  it("is noticed before it is full", ({ skip }) =>
    onSmallDisk(skip, 8, async (mount) => {
      const failed = Promise.withResolvers<unknown>();
      const directory = join(mount, "spool");
      const writer = await start({ directory, flushEveryMs: 20, minFreeBytes: 6_000_000, onFailure: failed.resolve });
      writer.output(0, randomBytes(3_000_000));
      await expect(failed.promise).resolves.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("free space"),
      });
      await writer.end({ reason: "cut" });
      await expect(start({ directory, minFreeBytes: 6_000_000 })).rejects.toThrow(/free space/);
    }));
});
