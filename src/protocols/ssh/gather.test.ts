import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { createGather } from "./gather.ts";

const collect = (busy?: Promise<void>) => {
  const passed: string[] = [];
  const bytes: Buffer[] = [];
  const gather = createGather((given, stream) => {
    passed.push(`${stream}:${given.length}`);
    bytes.push(given);
    return busy;
  });
  return { passed, bytes, gather };
};

it("passes on together what came in one turn, each stream for itself and in order", async () => {
  const { passed, gather } = collect();
  void gather.add(Buffer.alloc(1), 0);
  void gather.add(Buffer.alloc(2), 0);
  void gather.add(Buffer.alloc(3), 1);
  void gather.add(Buffer.alloc(4), 0);
  await turn();
  expect(passed).toEqual(["0:3", "1:3", "0:4"]);
});

it("goes on after what is passed on at once for its size", async () => {
  const { passed, gather } = collect();
  void gather.add(Buffer.alloc(300_000), 0);
  await turn();
  void gather.add(Buffer.alloc(2), 0);
  await turn();
  expect(passed).toEqual(["0:262144", "0:37856", "0:2"]);
});

it("lets bulk wait for the next turn as long as each brings more, and nothing else", async () => {
  const { passed, gather } = collect();
  void gather.add(Buffer.alloc(32_000), 0);
  await turn();
  expect(passed).toEqual(["0:32000"]);
  for (let i = 0; i < 3; i += 1) {
    void gather.add(Buffer.alloc(40_000), 0);
    void gather.add(Buffer.alloc(1), 0);
    await turn();
    expect(passed).toHaveLength(1);
  }
  await turn();
  expect(passed).toEqual(["0:32000", "0:120003"]);
});

it("lets nothing overtake what was gathered, also while the other side is busy", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { passed, gather } = collect(promise);
  void gather.add(Buffer.alloc(1), 0);
  await turn();
  void gather.add(Buffer.alloc(2), 0);
  gather.after(() => passed.push("end"));
  await turn();
  expect(passed).toEqual(["0:1"]);
  resolve();
  await turn();
  expect(passed).toEqual(["0:1", "0:2", "end"]);
});

it("keeps nothing of what it was given, and fills no buffer again that is still on its way", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = collect(promise);
  const other = collect();
  const lent = Buffer.from("first");
  void slow.gather.add(lent, 0);
  lent.fill("x");
  await turn();
  void other.gather.add(Buffer.from("other"), 0);
  void slow.gather.add(Buffer.from("second"), 0);
  await turn();
  expect(slow.bytes.map(String)).toEqual(["first"]);
  resolve();
  await turn();
  expect(slow.passed).toEqual(["0:5", "0:6"]);
});
