import { expect, test } from "vitest";
import { createScreenTail } from "./screen-tail.ts";

const bytesOf = (length: number, from: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (from + at) % 251));

test("holds nothing at first", () => {
  expect(createScreenTail(100)).toMatchObject({ read: expect.any(Function) });
  expect(createScreenTail(100).read()).toHaveLength(0);
});

test.each([1, 10, 4095, 4096, 4097, 6000, 131_072])("with a limit of %i holds exactly the newest bytes", (limit) => {
  const tail = createScreenTail(limit);
  let all = Buffer.alloc(0);
  const lengths = [0, 1, limit - 1, limit, limit + 1, 7, 1000, 4096, 3 * limit, 5, limit >> 1, limit >> 1, 3];
  for (const length of lengths) {
    const bytes = bytesOf(Math.max(0, length), all.length);
    tail.push(bytes);
    all = Buffer.concat([all, bytes]);
    expect(tail.read().equals(all.subarray(Math.max(0, all.length - limit)))).toBe(true);
  }
});

test("holds the newest bytes of many small and uneven pieces while it grows", () => {
  const limit = 20_000;
  const tail = createScreenTail(limit);
  let all = Buffer.alloc(0);
  for (let piece = 1; piece < 300; piece++) {
    const bytes = bytesOf((piece * 37) % 401, all.length);
    tail.push(bytes);
    all = Buffer.concat([all, bytes]);
    if (!tail.read().equals(all.subarray(Math.max(0, all.length - limit)))) throw new Error(`wrong after ${piece}`);
  }
  expect(tail.read()).toHaveLength(limit);
});

test("what was read does not change later", () => {
  const tail = createScreenTail(4);
  tail.push(Buffer.from("abcd"));
  const read = tail.read();
  tail.push(Buffer.from("efgh"));
  expect(read.toString()).toBe("abcd");
});
