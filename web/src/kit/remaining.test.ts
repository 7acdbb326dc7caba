import { expect, test } from "vitest";
import { remainingMs } from "./remaining.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const at = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

test.each([
  [{ done: 50, total: 200, startedAt: at(60) }, 180_000],
  [{ done: 200, total: 200, startedAt: at(60) }, 0],
  [{ done: 0, total: 200, startedAt: at(60) }, undefined],
  [{ done: 10, total: null, startedAt: at(60) }, undefined],
  [{ done: 10, total: 20, startedAt: null }, undefined],
])("%o takes %s ms still", (job, left) => {
  expect(remainingMs(job, NOW)).toBe(left);
});
