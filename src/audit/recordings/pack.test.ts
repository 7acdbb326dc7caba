import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import type { Chunk } from "./frame.ts";
import { openSpool } from "./index.ts";
import { createPacker, unpacked } from "./pack.ts";
import { newId } from "../../core/index.ts";
import { spoolPath } from "./spool.ts";
import { unwrap, wrap } from "./test-support.ts";
import { createRecordingWriter } from "./writer.ts";

const chunk = (bytes: Buffer, packed: boolean): Chunk => ({
  kind: "o",
  sequence: 0,
  time: 0,
  length: bytes.length,
  packed,
  bytes,
  hash: Buffer.alloc(32),
});

it("packs bulk that shrinks, and gives it back byte for byte", () => {
  const parts = [Buffer.alloc(40_000, "ab"), Buffer.alloc(40_000, "line of a log\n")];
  const packed = createPacker()(parts, 80_000);
  expect(packed?.length).toBeLessThan(8_000);
  expect(unpacked(chunk(packed ?? Buffer.alloc(0), true)).bytes.equals(Buffer.concat(parts))).toBe(true);
});

it("leaves small chunks and what does not shrink alone, and tries again later", () => {
  const pack = createPacker();
  expect(pack([Buffer.alloc(1000)], 1000)).toBeNull();
  expect(pack([randomBytes(65_536)], 65_536)).toBeNull();
  const zeros = Buffer.alloc(65_536);
  const tries = Array.from({ length: 20 }, () => pack([zeros], zeros.length) !== null);
  expect(tries.indexOf(true)).toBe(15);
});

it("refuses to unpack more than a chunk holds", () => {
  expect(() => unpacked(chunk(zstdCompressSync(Buffer.alloc(10_000_000)), true))).toThrow();
});

it("records packed bulk that reads back as it was shown", async () => {
  const directory = await mkdtemp(join(tmpdir(), "pack-"));
  const id = newId();
  const header = { width: 80, height: 24, startedAt: new Date().toISOString(), title: "t", sessionId: id, orgId: id };
  const writer = await createRecordingWriter({ directory, id, header, wrap });
  const shown = Buffer.alloc(600_000, "0123456789 some output of a command\n");
  writer.output(0, [shown.subarray(0, 300_000), shown.subarray(300_000)]);
  const { bytes } = await writer.end({ reason: "exited" });
  expect(bytes).toBeGreaterThanOrEqual(shown.length);
  const spool = await openSpool({ directory: spoolPath(directory, id), unwrap });
  const read: Buffer[] = [];
  let stored = 0;
  for await (const { chunk: one } of spool.chunks()) {
    if (one.kind !== "o") continue;
    stored += one.length;
    read.push(unpacked(one).bytes);
  }
  expect(Buffer.concat(read).equals(shown)).toBe(true);
  expect(stored).toBeLessThan(shown.length / 10);
  await rm(directory, { recursive: true });
});
