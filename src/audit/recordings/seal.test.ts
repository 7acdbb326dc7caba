import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { appendFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Store } from "../stores/index.ts";
import {
  createRecordingWriter,
  createSealer,
  listRecordings,
  loadManifest,
  type Manifest,
  manifestDigest,
  openPlayback,
  unwrapDataKey,
  verifyRecording,
} from "./index.ts";
import { collect, header, names, type Places, places, sealAll, signing, textOf, unwrap, wrap } from "./test-support.ts";

let at: Places;
beforeEach(async () => {
  at = await places();
});
afterEach(() => at.remove());

const start = (more = {}) =>
  createRecordingWriter({ directory: at.spool, id: randomUUID(), header: header(), wrap, ...more });

async function contents(manifest: Manifest) {
  const dataKey = await unwrapDataKey(manifest, unwrap);
  const { findings } = await verifyRecording({
    store: at.store,
    id: manifest.id,
    publicKey: signing.publicKey,
    dataKey,
  });
  expect(findings).toEqual([]);
  const playback = await openPlayback({ store: at.store, manifest, dataKey });
  return { playback, chunks: await collect(playback.read()) };
}

describe("sealing", () => {
  it("moves a finished recording into the store, verified, and empties the spool", async () => {
    const writer = await start({ partBytes: 1_000_000 });
    const bytes = randomBytes(4_000_000);
    for (let n = 0; n < bytes.length; n += 50_000)
      writer.output((n / 50_000) % 2 ? 1 : 0, bytes.subarray(n, n + 50_000));
    writer.resize(100, 30);
    writer.marker("sudo");
    await writer.end({ reason: "closed", exit: { code: 0, signal: null } });
    const [manifest] = await sealAll(at);
    expect(manifest).toMatchObject({
      id: writer.id,
      state: "complete",
      cut: null,
      chunks: 83,
      end: { reason: "closed" },
    });
    expect(manifest!.segments.length).toBeGreaterThan(3);
    expect(await names(at.spool)).toEqual([]);
    expect(await loadManifest({ store: at.store, id: writer.id, publicKey: signing.publicKey })).toEqual(manifest);
    const { playback, chunks } = await contents(manifest!);
    const output = chunks.filter(({ kind }) => kind === "o" || kind === "e").map((chunk) => chunk.bytes);
    expect(Buffer.concat(output).equals(bytes)).toBe(true);
    expect(playback.index.resizes).toMatchObject([{ cols: 100, rows: 30 }]);
    expect(playback.index.markers).toMatchObject([{ label: "sudo" }]);
    expect(playback.index.heat.reduce((sum, count) => sum + count, 0)).toBe(4_000_000);
  });

  it("seals what a killed process left as cut, all of it", { timeout: 30_000 }, async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "writer.fixture.ts"), at.spool], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let [id, acknowledged, removed, early] = ["", -1, false, -1];
    const sealed: Manifest[] = [];
    const sealer = createSealer({
      spoolDirectory: at.spool,
      store: at.store,
      unwrap,
      signingKey: signing.privateKey,
      everyMs: 10,
      onSealed: (manifest) => void sealed.push(manifest),
      onFailed: ({ error }) => expect.fail(String(error)),
    });
    sealer.start();
    for await (const line of createInterface({ input: child.stdout })) {
      if (id === "") id = line;
      else acknowledged = Number(line);
      if (acknowledged === 15_000) {
        // Segments are stored and parts removed while the session runs.
        removed = await vi.waitUntil(async () => !(await names(join(at.spool, id))).includes("000000.part"), 10_000);
        early = sealed.length;
        child.kill("SIGKILL");
      }
    }
    await vi.waitFor(() => expect(sealed).toHaveLength(1), 10_000);
    await sealer.stop();
    expect([removed, early]).toEqual([true, 0]);
    expect(sealed[0]).toMatchObject({ id, state: "cut", end: null, cut: expect.stringContaining("without closing") });
    const { chunks } = await contents(sealed[0]!);
    expect(acknowledged).toBeGreaterThanOrEqual(15_000);
    expect(chunks.length).toBeGreaterThan(acknowledged);
    chunks.forEach(({ bytes }, n) => expect(bytes.subarray(0, 12).toString()).toBe(String(n).padStart(12, "0")));
  });

  it("leaves a live recording open, but stores what has waited long enough", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("early "));
    const sealer = createSealer({
      spoolDirectory: at.spool,
      store: at.store,
      unwrap,
      signingKey: signing.privateKey,
      everyMs: 10,
      liveEveryMs: 50,
      onSealed: () => {},
      onFailed: ({ error }) => expect.fail(String(error)),
    });
    sealer.start();
    await vi.waitFor(async () => expect(await collect(at.store.list(""))).toHaveLength(1), 5000);
    await sealer.stop();
    writer.output(0, Buffer.from("late"));
    await writer.end({ reason: "closed" });
    const [manifest] = await sealAll(at);
    expect(manifest!.segments).toHaveLength(2);
    expect(textOf((await contents(manifest!)).chunks)).toBe("early late");
  });

  it("takes up where it was interrupted, at every step", { timeout: 60_000 }, async () => {
    const text = Buffer.alloc(400_000, "x");
    let steps = 0;
    for (let step = 1, interrupted = true; interrupted; step++) {
      const writer = await start({ partBytes: 500_000 });
      for (let n = 0; n < 3; n++) writer.output(0, Buffer.concat([text, randomBytes(400_000)]));
      await writer.end({ reason: "closed" });
      let calls = 0;
      const die = () => ++calls === step;
      const onSealed = () => (die() ? Promise.reject(new Error("died")) : undefined);
      interrupted = await sealAll(at, 1, { store: dying(at.store, die), onSealed }).then(
        () => false,
        () => true,
      );
      expect(interrupted).toBe(calls >= step);
      if (interrupted) await sealAll(at);
      steps = step;
      const manifest = await loadManifest({ store: at.store, id: writer.id, publicKey: signing.publicKey });
      const { chunks } = await contents(manifest);
      expect(chunks.reduce((sum, { length, kind }) => sum + (kind === "o" ? length : 0), 0)).toBe(2_400_000);
      expect(await names(at.spool)).toEqual([]);
    }
    expect(steps).toBeGreaterThan(20);
  });

  it("leaves the manifest as it is when its last step is repeated", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("x"));
    await writer.end({ reason: "closed" });
    const digests: string[] = [];
    const onSealed = async ({ id }: Manifest) => {
      digests.push(await manifestDigest(at.store, id));
      if (digests.length === 1) throw new Error("died");
    };
    await expect(sealAll(at, 1, { onSealed })).rejects.toThrow("died");
    await sealAll(at, 1, { onSealed });
    expect(digests).toEqual([digests[0], digests[0]]);
    expect(await collect(listRecordings(at.store))).toEqual([writer.id]);
  });

  it("takes up after its journal was torn and its directory half made or half removed", async () => {
    const writer = await start();
    for (let n = 0; n < 20; n++) writer.output(0, randomBytes(200_000));
    await writer.end({ reason: "closed" });
    await expect(sealAll(at, 1, { onSealed: () => Promise.reject(new Error("died")) })).rejects.toThrow("died");
    const journal = join(at.spool, writer.id, "journal");
    const { size } = await stat(journal);
    await writeFile(journal, (await readFile(journal)).subarray(0, size - 5));
    await appendFile(join(at.spool, ".removed-half"), "");
    const [manifest] = await sealAll(at);
    expect((await contents(manifest!)).chunks).toHaveLength(21);
    expect(await names(at.spool)).toEqual([]);
  });

  it("waits longer after each failure and gets through when the store is back", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("x"));
    await writer.end({ reason: "closed" });
    let failures = 0;
    const begun = performance.now();
    const store = dying(at.store, () => failures < 2);
    const [manifest] = await sealAll(at, 1, { store, onFailed: ({ attempts }) => expect(attempts).toBe(++failures) });
    expect(failures).toBe(2);
    expect(performance.now() - begun).toBeGreaterThan(2900);
    expect(manifest!.state).toBe("complete");
  });

  it("keeps a damaged spool aside and says where the damage is", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("good"));
    const part = join(at.spool, writer.id, "000000.part");
    const { size } = await stat(part);
    writer.output(0, Buffer.from("bad"));
    await writer.end({ reason: "closed" });
    const changed = await readFile(part);
    changed[size + 40]! ^= 1;
    await writeFile(part, changed);
    const [manifest] = await sealAll(at);
    expect(manifest).toMatchObject({ state: "cut", cut: `part 0, byte ${size}: the frame does not fit its tag` });
    expect(textOf((await contents(manifest!)).chunks)).toBe("good");
    expect(await names(at.spool)).toEqual([`.damaged-${writer.id}`]);
    await rm(join(at.spool, `.damaged-${writer.id}`), { recursive: true });
  });

  it("sets aside what has no readable header, and says so once", async () => {
    const writer = await start();
    await writer.end({ reason: "closed" });
    await writeFile(join(at.spool, writer.id, "header.json"), "");
    await expect(sealAll(at)).rejects.toThrow(/header .* is damaged/);
    expect(await names(at.spool)).toEqual([`.damaged-${writer.id}`]);
  });

  it("notices a store that keeps other bytes than it was given", async () => {
    const writer = await start();
    writer.output(0, Buffer.from("x"));
    await writer.end({ reason: "closed" });
    const lying: Store = {
      ...at.store,
      write: (key, data) => at.store.write(key, Buffer.from(data as Buffer).fill(0, 20, 21)),
    };
    await expect(sealAll(at, 1, { store: lying })).rejects.toThrow(/other bytes/);
    expect(await names(at.spool)).toContain(writer.id);
  });

  it("works once on one spool, and is passed on", async () => {
    const options = {
      spoolDirectory: at.spool,
      store: at.store,
      unwrap,
      signingKey: signing.privateKey,
      everyMs: 10,
      onFailed: ({ error }: { error: unknown }) => expect.fail(String(error)),
    };
    const [first, second]: Manifest[][] = [[], []];
    const one = createSealer({ ...options, onSealed: (manifest) => void first!.push(manifest) });
    one.start();
    await vi.waitFor(async () => expect(await names(at.spool)).toContain(".sealer"), 5000);
    const two = createSealer({ ...options, onSealed: (manifest) => void second!.push(manifest) });
    two.start();
    for (const sealed of [first!, second!]) {
      const writer = await start();
      await writer.end({ reason: "closed" });
      one.nudge();
      await vi.waitFor(() => expect(sealed).toHaveLength(1), 5000);
      await one.stop();
    }
    await two.stop();
    expect([first!.length, second!.length]).toEqual([1, 1]);
  });

  it("seals an empty recording of a process that died at once", async () => {
    const writer = await start();
    await rm(join(at.spool, writer.id, "lock"));
    const [manifest] = await sealAll(at);
    expect(manifest).toMatchObject({ state: "cut", chunks: 0, segments: [] });
    expect((await contents(manifest!)).chunks).toEqual([]);
    await writer.end({ reason: "closed" });
  });
});

/** A store that fails before or after doing what it was asked, when told to. */
function dying(store: Store, now: () => boolean): Store {
  const check = () => {
    if (now()) throw new Error("died");
  };
  return {
    ...store,
    async write(key, data) {
      check();
      await store.write(key, data);
      check();
    },
    async *read(key, range) {
      check();
      yield* store.read(key, range);
    },
  };
}
