import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Store } from "../stores/index.ts";
import { asciicast, type Chunk, createRecordingWriter, openPlayback, unwrapDataKey } from "./index.ts";
import { collect, header, type Places, places, readAll, sealAll, unwrap, wrap } from "./test-support.ts";

let at: Places;
beforeEach(async () => {
  at = await places();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await at.remove();
});

const start = () => createRecordingWriter({ directory: at.spool, id: randomUUID(), header: header(), wrap });

async function* chunksOf(...list: [kind: Chunk["kind"], seconds: number, bytes: Buffer][]): AsyncGenerator<Chunk> {
  let sequence = 0;
  for (const [kind, seconds, bytes] of list)
    yield {
      kind,
      time: seconds * 1e6,
      bytes,
      length: bytes.length,
      packed: false,
      sequence: sequence++,
      hash: Buffer.alloc(32),
    };
}

describe("the asciicast export", () => {
  it("joins characters split over chunks, stream by stream", async () => {
    const [kanji, euro] = [Buffer.from("漢"), Buffer.from("€")];
    const chunks = chunksOf(
      ["o", 0.5, kanji.subarray(0, 1)],
      ["e", 0.6, euro.subarray(0, 2)],
      ["o", 1, kanji.subarray(1)],
      ["e", 1.25, euro.subarray(2)],
      ["i", 1.5, Buffer.from("secret")],
      ["r", 2, Buffer.from("132x50")],
      ["m", 2.5, Buffer.from("mark")],
      ["o", 3, Buffer.from([0xff, 0x41])],
      ["o", 4, kanji.subarray(0, 2)],
      ["x", 5, Buffer.from("{}")],
    );
    const lines = (await collect(asciicast({ header: header(), chunks, durationMs: 5000 }))).map((line) =>
      JSON.parse(line),
    );
    expect(lines).toEqual([
      {
        version: 2,
        width: 80,
        height: 24,
        timestamp: 1795240800,
        duration: 5,
        title: "root@demo",
        env: { TERM: "xterm-256color" },
      },
      [1, "o", "漢"],
      [1.25, "o", "€"],
      [2, "r", "132x50"],
      [2.5, "m", "mark"],
      [3, "o", "\ufffdA"],
      [5, "o", "\ufffd"],
    ]);
  });

  it("is played by asciinema, byte for byte", async ({ skip }) => {
    if (spawnSync("asciinema", ["--version"]).error)
      return skip("asciinema is not installed (Debian package asciinema)");
    const writer = await start();
    const shown = '$ ls\r\n\u001b[31mrot\u001b[0m 漢字 "\\\u0007\u0000 ende\r\n';
    for (const byte of Buffer.from(shown)) writer.output(0, Buffer.from([byte]));
    writer.resize(100, 40);
    writer.marker("done");
    writer.output(1, Buffer.from("oops\n"));
    await writer.end({ reason: "closed" });
    const [manifest] = await sealAll(at);
    const playback = await openPlayback({
      store: at.store,
      manifest: manifest!,
      dataKey: await unwrapDataKey(manifest!, unwrap),
    });
    const cast = join(at.root, "out.cast");
    await writeFile(
      cast,
      await collect(asciicast({ header: manifest!.header, chunks: playback.read(), durationMs: playback.durationMs })),
    );
    // asciinema wants a terminal for its input; script(1) gives it one.
    const played = join(at.root, "played");
    const { status, stdout } = spawnSync("script", ["-qec", 'asciinema cat "$CAST" > "$PLAYED"', "/dev/null"], {
      env: { ...process.env, LC_ALL: "C.UTF-8", CAST: cast, PLAYED: played },
      timeout: 10_000,
    });
    expect([status, String(stdout)]).toEqual([0, ""]);
    expect(await readFile(played, "utf8")).toBe(`${shown}oops\n`);
  });
});

describe("an hour of typing", () => {
  it("stays small, seeks by segment and keeps time", { timeout: 60_000 }, async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const writer = await start();
    let shown = 0;
    // Four keystrokes a second echoed, and every ten seconds a screenful of output.
    for (let second = 0; second < 3600; second++) {
      for (let key = 0; key < 4; key++, now += 250) {
        const text = second % 10 === 9 && key === 3 ? listing(second) : "abcdefgh"[(second + key) % 8]!;
        writer.output(0, Buffer.from(text));
        shown += text.length;
      }
    }
    vi.restoreAllMocks();
    await writer.end({ reason: "closed" });
    const [manifest] = await sealAll(at);
    expect(manifest).toMatchObject({ chunks: 14_401, state: "complete" });
    const stored = (await collect(at.store.list(""))).reduce((sum, { size }) => sum + size, 0);
    expect(shown).toBeGreaterThan(400_000);
    expect(stored).toBeLessThan(250_000);

    const fetched: string[] = [];
    const store: Store = { ...at.store, read: (key, range) => (fetched.push(key), at.store.read(key, range)) };
    const playback = await openPlayback({
      store,
      manifest: manifest!,
      dataKey: await unwrapDataKey(manifest!, unwrap),
    });
    expect(playback.index.heat.length * playback.index.bucket).toBeGreaterThanOrEqual(3600 * 1e6);
    fetched.length = 0;
    const minute = await collect(playback.read({ fromMs: 3_000_000, toMs: 3_060_000 }));
    expect(minute).toHaveLength(240);
    expect(minute[0]!.time).toBe(3_000_000_000);
    expect(fetched.length).toBeLessThan(manifest!.segments.length);
    let [next, chunks]: [number | null, number] = [0, 0];
    while (next !== null) {
      const page: Awaited<ReturnType<typeof playback.page>> = await playback.page({ sequence: next, maxBytes: 10_000 });
      expect(page.chunks[0]!.sequence).toBe(next);
      chunks += page.chunks.length;
      next = page.next;
    }
    expect(chunks).toBe(14_401);
  });
});

const listing = (seed: number): string =>
  Array.from(
    { length: 20 },
    (_, n) =>
      `-rw-r--r-- 1 root root ${(seed * 7919 + n * 104_729) % 1_000_000} Nov 21 06:${n + 10} file-${seed + n}.txt\r\n`,
  ).join("");

it("keeps a recording readable from the spool while it runs", async () => {
  const writer = await start();
  writer.output(0, Buffer.from("live"));
  expect((await readAll(join(at.spool, writer.id))).chunks).toHaveLength(1);
  await writer.end({ reason: "closed" });
});
