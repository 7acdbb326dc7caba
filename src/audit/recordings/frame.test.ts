import { randomBytes, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Chunk, HEAD, MAX_CHUNK, parseHead, parseSize, writeHead } from "./frame.ts";
import { deriveKeys, seal } from "./keys.ts";
import { openSegment, packSegment, parseFrames } from "./segment.ts";
import { createIndexBuilder, summarize } from "./summary.ts";
import { header } from "./test-support.ts";

const head = (change: (bytes: Buffer) => void = () => {}): Buffer => {
  const bytes = Buffer.alloc(HEAD);
  writeHead(bytes, 0, { kind: "o", packed: false, sequence: 2 ** 40, time: 2 ** 47, length: 77 });
  change(bytes);
  return bytes;
};

describe("the head of a chunk", () => {
  it("comes back as it was written", () => {
    expect(parseHead(head(), 0)).toEqual({ kind: "o", packed: false, sequence: 2 ** 40, time: 2 ** 47, length: 77 });
  });

  it.each([
    ["an unknown kind", (bytes: Buffer) => bytes.writeUInt8(0x7a, 0), /unknown kind 122/],
    ["a reserved byte", (bytes: Buffer) => bytes.writeUInt8(2, 1), /reserved/],
    ["another reserved byte", (bytes: Buffer) => bytes.writeUInt8(1, 15), /reserved/],
    ["too long", (bytes: Buffer) => bytes.writeUInt32BE(MAX_CHUNK + 1, 16), /beyond the limit/],
  ])("is refused with %s", (_, change, message) => {
    expect(parseHead(head(change), 0)).toMatch(message);
  });

  it.each(["", "80", "80x", "x24", "0x24", "80x0", "99999x1", "-1x5", "80x24 ", "80X24", "8e1x24"])(
    "takes no size from %j",
    (text) => {
      expect(parseSize(Buffer.from(text))).toBeNull();
    },
  );
});

const chunk = (sequence: number, time: number, bytes: Buffer, kind: Chunk["kind"] = "o"): Chunk => ({
  kind,
  sequence,
  time,
  length: bytes.length,
  packed: false,
  bytes,
  hash: Buffer.alloc(32),
});
const encode = (chunks: readonly Chunk[]): Buffer =>
  Buffer.concat(
    chunks.flatMap((item) => {
      const start = Buffer.alloc(HEAD);
      writeHead(start, 0, item);
      return [start, item.bytes];
    }),
  );

describe("the frames of a segment", () => {
  it("are all there or an error with the byte, whatever the bytes", () => {
    const whole = encode(Array.from({ length: 12 }, (_, n) => chunk(n, n * 1000, randomBytes(n * 3))));
    const before = randomBytes(32);
    expect(parseFrames(whole, before)).toHaveLength(12);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(whole.subarray(0, round % 3 ? whole.length : Math.random() * whole.length));
      if (bytes.length > 0)
        for (let n = 0; n < round % 4; n++) bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
      const outcome = attempt(() => parseFrames(bytes, before));
      const sound = Array.isArray(outcome) ? encode(outcome).equals(bytes) : /^byte \d+: /.test(outcome.message);
      expect(sound).toBe(true);
    }
  });

  it("cannot blow up when they are decompressed", async () => {
    const id = randomUUID();
    const keys = deriveKeys(randomBytes(32), id, header());
    const bomb = await promisify(zstdCompress)(Buffer.alloc(50_000_000));
    const entry = { number: 0, firstSequence: 0, lastSequence: 0, firstTime: 0, lastTime: 0 };
    const bytes = seal(keys.segment, `${id}/segment/0`, Buffer.alloc(64), bomb);
    await expect(openSegment(bytes, { id, keys, entry })).rejects.toThrow("it cannot be decompressed");
    await expect(openSegment(bytes, { id, keys, entry: { ...entry, number: 1 } })).rejects.toThrow(
      "it cannot be decrypted",
    );
  });

  it("must fit the chain after them", async () => {
    const id = randomUUID();
    const keys = deriveKeys(randomBytes(32), id, header());
    const chunks = [chunk(0, 5, Buffer.from("a")), chunk(1, 6, Buffer.from("b"))];
    const packed = await packSegment({ id, number: 0, keys, before: keys.start, chunks });
    await expect(openSegment(packed.bytes, { id, keys, entry: packed.entry })).rejects.toThrow(
      "the hash chain does not fit",
    );
  });
});

const attempt = (work: () => Chunk[]): Chunk[] | Error => {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
};

describe("the index", () => {
  it("stays bounded however long and restless the session", () => {
    const builder = createIndexBuilder();
    const day = 86_400e6;
    for (let n = 0; n < 300; n++) {
      const resizes = Array.from({ length: 100 }, (_, at) => chunk(at, n * day, Buffer.from("80x24"), "r"));
      const markers = Array.from({ length: 10 }, (_, at) => chunk(at, n * day, Buffer.from("m"), "m"));
      builder.add(summarize([...resizes, ...markers, chunk(0, n * day, Buffer.alloc(7))]));
    }
    const { heat, bucket, resizes, markers } = builder.index();
    expect(heat.length).toBeLessThanOrEqual(2000);
    expect(heat.length * bucket).toBeGreaterThan(299 * day);
    expect(heat.reduce((sum, count) => sum + count, 0)).toBe(2100);
    expect([resizes.length, markers.length]).toEqual([10_000, 2000]);
  });
});
