import { expect, test } from "vitest";
import { linesOf, type TreeNode } from "../../kit/tree-lines.ts";

const node = (id: string, hasChildren = false): TreeNode => ({ id, name: id, assets: 1, hasChildren });

test("draws opened nodes with their known children, in order, with their place among siblings", () => {
  const children = new Map([
    ["", [node("a", true), node("b")]],
    ["a", [node("a1", true), node("a2")]],
    ["a1", [node("a11")]],
  ]);
  const lines = linesOf(children, new Set(["a", "a1", "b"]));
  expect(lines.map(({ node: { id }, level, parentId, place, of }) => [id, level, parentId, place, of])).toEqual([
    ["a", 1, null, 1, 2],
    ["a1", 2, "a", 1, 2],
    ["a11", 3, "a1", 1, 1],
    ["a2", 2, "a", 2, 2],
    ["b", 1, null, 2, 2],
  ]);
  expect(linesOf(children, new Set()).map(({ node: { id } }) => id)).toEqual(["a", "b"]);
});

test("100,000 nodes in half a second", () => {
  const wide = Array.from({ length: 100_000 }, (_, at) => node(`n${at}`));
  const started = performance.now();
  expect(linesOf(new Map([["", wide]]), new Set()).length).toBe(100_000);
  expect(performance.now() - started).toBeLessThan(500);
});
