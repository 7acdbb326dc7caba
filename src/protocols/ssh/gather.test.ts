import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { createGather } from "./gather.ts";

const collect = (busy?: Promise<void>) => {
  const passed: string[] = [];
  const gather = createGather((pieces, stream) => {
    passed.push(`${stream}:${pieces.map(({ length }) => length).join("+")}`);
    return busy;
  });
  return { passed, gather };
};

it("passes on together what came in one turn, each stream for itself and in order", async () => {
  const { passed, gather } = collect();
  void gather.add(Buffer.alloc(1), 0);
  void gather.add(Buffer.alloc(2), 0);
  void gather.add(Buffer.alloc(3), 1);
  void gather.add(Buffer.alloc(4), 0);
  await turn();
  expect(passed).toEqual(["0:1+2", "1:3", "0:4"]);
});

it("goes on after a piece that is passed on at once for its size", async () => {
  const { passed, gather } = collect();
  void gather.add(Buffer.alloc(300_000), 0);
  void gather.add(Buffer.alloc(1), 0);
  await turn();
  void gather.add(Buffer.alloc(2), 0);
  await turn();
  expect(passed).toEqual(["0:300000", "0:1", "0:2"]);
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
