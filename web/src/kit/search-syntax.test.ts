import { describe, expect, test } from "vitest";
import { lastWord, parseSearch, printSearch, readMoment, withFilter } from "./search-syntax.ts";

const FIELDS = ["actor", "outcome", "from"];

describe("search box", () => {
  test.each([
    ["deploy", [], "deploy"],
    ["actor:alice deploy", [["actor", "alice"]], "deploy"],
    ["deploy  actor:alice now", [["actor", "alice"]], "deploy now"],
    ['actor:"Li Wei" x', [["actor", "Li Wei"]], "x"],
    ['actor:"say \\"hi\\" \\\\o"', [["actor", 'say "hi" \\o']], ""],
    ["ACTOR:alice", [["actor", "alice"]], ""],
    ["actor:a actor:b", [["actor", "b"]], ""],
    ["10.0.0.1:22 web:80", [], "10.0.0.1:22 web:80"],
    ['"actor:alice"', [], "actor:alice"],
    ["actor: x", [], "actor: x"],
    ["outcome:ok:fine", [["outcome", "ok:fine"]], ""],
    ['actor:"open', [["actor", '"open']], ""],
    ["字段:值 actor:李伟", [["actor", "李伟"]], "字段:值"],
    ["", [], ""],
  ])("reads %s", (typed, filters, text) => {
    const search = parseSearch(typed, FIELDS);
    expect(search.filters.map(({ field, value }) => [field, value])).toEqual(filters);
    expect(search.text).toBe(text);
  });

  test.each(["alice", "Li Wei", 'say "hi"', "back\\slash", "a:b", "", " edge "])(
    "writes a value so that it reads the same: %s",
    (value) => {
      const printed = printSearch(withFilter({ filters: [], text: "deploy" }, "actor", value));
      const again = parseSearch(printed, FIELDS);
      expect(again.filters).toEqual(value === "" ? [] : [{ field: "actor", value }]);
      expect(again.text).toBe("deploy");
    },
  );

  test("takes a filter away and keeps the others", () => {
    const search = parseSearch("actor:alice outcome:ok x", FIELDS);
    expect(printSearch(withFilter(search, "actor", ""))).toBe("outcome:ok x");
  });

  test("splits the word that is being typed", () => {
    expect(lastWord("a outc")).toEqual({ before: "a ", word: "outc" });
    expect(lastWord("a ")).toEqual({ before: "a ", word: "" });
  });
});

describe("moments", () => {
  const now = new Date("2026-11-21T12:00:00Z");
  test.each([
    ["24h", "2026-11-20T12:00:00.000Z"],
    ["90m", "2026-11-21T10:30:00.000Z"],
    ["2w", "2026-11-07T12:00:00.000Z"],
    ["2026-11-20T09:30:00Z", "2026-11-20T09:30:00.000Z"],
  ])("reads %s", (value, at) => expect(readMoment(value, now)).toBe(at));

  test("a day lasts from its first to its last moment in the local zone", () => {
    const [from, to] = [readMoment("2026-11-20", now), readMoment("2026-11-20", now, true)];
    expect(new Date(to!).getTime() - new Date(from!).getTime()).toBe(86_399_999);
    expect(new Date(from!).getHours()).toBe(0);
  });

  test.each(["", "yesterday", "2026-13-45", "2026-11", "5x", "-3h"])("refuses %s", (value) =>
    expect(readMoment(value, now)).toBeNull(),
  );
});
