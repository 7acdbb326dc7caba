import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createCalm } from "./calm.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const listener = () => {
  const told: number[] = [];
  return { told, calm: createCalm<number>(100, (value) => void told.push(value)) };
};

test("tells the first at once, then the latest, at most once in a while", () => {
  const { told, calm } = listener();
  for (const value of [1, 2, 3]) calm.tell(value);
  expect(told).toEqual([1]);
  vi.advanceTimersByTime(99);
  expect(told).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([1, 3]);
  calm.tell(4);
  expect(told).toEqual([1, 3]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual([1, 3, 4]);
});

test("tells at once again after a quiet while", () => {
  const { told, calm } = listener();
  calm.tell(1);
  vi.advanceTimersByTime(100);
  expect(vi.getTimerCount()).toBe(0);
  calm.tell(2);
  expect(told).toEqual([1, 2]);
});

test("tells what waits when stopped, nothing after, and leaves no timer", () => {
  const { told, calm } = listener();
  calm.tell(1);
  calm.tell(2);
  calm.stop();
  expect(told).toEqual([1, 2]);
  calm.tell(3);
  calm.stop();
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([1, 2]);
  expect(vi.getTimerCount()).toBe(0);
});

test("tells nothing when stopped before anything was told", () => {
  const { told, calm } = listener();
  calm.stop();
  calm.tell(1);
  expect(told).toEqual([]);
});
