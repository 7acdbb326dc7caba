import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Done, endpoint, Fault, isRead, listInput, listOutput, newId, notFound, registry } from "./index.ts";

describe("ids", () => {
  test("are UUIDs of version 7 that sort by their time", () => {
    const ids = [1_000, 1_001, 2_000_000_000_000].map((now) => newId(now));
    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids) expect(z.uuidv7().safeParse(id).success).toBe(true);
    expect(Number.parseInt(ids[2]!.replaceAll("-", "").slice(0, 12), 16)).toBe(2_000_000_000_000);
  });

  test("differ within one millisecond", () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId(5))).size).toBe(10_000);
  });
});

describe("endpoints", () => {
  const of = (route: `GET /${string}` | `POST /${string}` | `SOCKET /${string}`) =>
    endpoint({ route, name: "n", title: "t", input: z.object({}), output: Done });

  test("only GET reads", () => {
    expect([of("GET /a"), of("POST /a"), of("SOCKET /a")].map(isRead)).toEqual([true, false, false]);
  });

  test("a list is asked for in bounds, as text in an address comes", () => {
    const input = listInput({ active: z.stringbool().optional() });
    expect(input.parse({})).toEqual({ limit: 50 });
    expect(input.parse({ limit: "200", search: "  a ", active: "false" })).toEqual({
      limit: 200,
      search: "a",
      active: false,
    });
    for (const limit of ["0", "201", "-1", "x", "1.5"]) expect(input.safeParse({ limit }).success).toBe(false);
    expect(input.safeParse({ search: "a".repeat(201) }).success).toBe(false);
    expect(input.safeParse({ cursor: "a".repeat(501) }).success).toBe(false);
  });

  test("a list's answer names the next page", () => {
    const output = listOutput(z.object({ id: z.number() }));
    expect(output.parse({ items: [{ id: 1, secret: "x" }], next: null })).toEqual({ items: [{ id: 1 }], next: null });
    expect(output.safeParse({ items: [] }).success).toBe(false);
  });
});

describe("faults", () => {
  test.each([
    ["invalid", 422],
    ["unauthenticated", 401],
    ["denied", 403],
    ["not_found", 404],
    ["conflict", 409],
    ["too_large", 413],
    ["too_many", 429],
    ["upstream", 502],
    ["unavailable", 503],
    ["timeout", 504],
  ] as const)("%s is %i", (code, status) => {
    expect(new Fault(code, "").status).toBe(status);
  });

  test("a row that is missing and one that is not to be seen read the same", () => {
    expect(notFound("user")).toMatchObject({
      code: "not_found",
      message: "There is no such user, or you may not see it.",
      details: undefined,
    });
  });
});

describe("a registry", () => {
  const list = registry("thing", [{ kind: "a" }, { kind: "b" }]);

  test("finds by kind, keeps the order, and names what it knows", () => {
    expect(list.get("b")).toEqual({ kind: "b" });
    expect(list.list().map(({ kind }) => kind)).toEqual(["a", "b"]);
    expect(() => list.get("c")).toThrow('Unknown thing "c". Known: a, b.');
    expect(() => list.get("__proto__")).toThrow("Unknown thing");
  });

  test("two entries of a kind are refused", () => {
    expect(() => registry("thing", [{ kind: "a" }, { kind: "a" }])).toThrow("share a kind");
  });
});
