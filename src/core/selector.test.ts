import { describe, expect, test } from "vitest";
import {
  type Attributes,
  comesFrom,
  createSelector,
  newId,
  type Selectable,
  type Selector,
  selectorOver,
} from "./index.ts";

const KNOWN: Attributes = { name: "text", address: "address", groups: "set" };
const shape = selectorOver(KNOWN);
const [one, other] = [newId(), newId()];
const thing = (attributes: Selectable["attributes"], id = one): Selectable => ({ id, attributes });
const where = (name: string, match: string, value: unknown) => ({ type: "attributes", all: [{ name, match, value }] });
const selects = (selector: unknown, it: Selectable): boolean => createSelector(KNOWN, shape.parse(selector))(it);

describe("what is selected", () => {
  const web = thing({ name: "Web-01", address: "10.1.2.3", groups: ["a", "B"] });
  test.each([
    ["everything", { type: "all" }, true],
    ["one of the ids", { type: "ids", ids: [other, one] }, true],
    ["none of the ids", { type: "ids", ids: [other] }, false],
    ["an equal name, whatever the case", where("name", "equals", "WEB-01"), true],
    ["no part of a name when it must be equal", where("name", "equals", "web"), false],
    ["a name in a list", where("name", "in", ["db", "web-01"]), true],
    ["a name not in a list", where("name", "in", ["db", "web"]), false],
    ["a part of a name", where("name", "contains", "B-0"), true],
    ["a start", where("name", "starts-with", "web"), true],
    ["no start from the middle", where("name", "starts-with", "eb"), false],
    ["an end", where("name", "ends-with", "01"), true],
    ["no end from the middle", where("name", "ends-with", "0"), false],
    ["no pattern: a dot is a dot", where("name", "equals", "web.01"), false],
    ["no wildcard: a star is a star", where("name", "contains", "*"), false],
    ["an address in a network", where("address", "in-network", ["192.0.2.0/24", "10.0.0.0/8"]), true],
    ["an address outside", where("address", "in-network", ["10.2.0.0/16"]), false],
    ["any of a set", where("groups", "any-of", ["x", "b"]), true],
    ["none of a set", where("groups", "any-of", ["x"]), false],
    ["all of a set", where("groups", "all-of", ["b", "a"]), true],
    ["not all of a set", where("groups", "all-of", ["b", "a", "x"]), false],
  ])("%s", (_, selector, expected) => {
    expect(selects(selector, web)).toBe(expected);
  });

  test("every condition must hold", () => {
    const both = {
      type: "attributes",
      all: [where("name", "contains", "web").all[0], where("groups", "any-of", ["x"]).all[0]],
    };
    expect(selects(both, web)).toBe(false);
    expect(selects(both, thing({ name: "web", groups: ["x"] }))).toBe(true);
  });

  test("a thing without the value meets no condition on it", () => {
    for (const selector of [
      where("name", "contains", "a"),
      where("address", "in-network", ["0.0.0.0/0"]),
      where("groups", "all-of", ["a"]),
    ]) {
      expect(selects(selector, thing({}))).toBe(false);
      expect(selects(selector, thing({ name: null, address: null, groups: [] }))).toBe(false);
    }
  });

  test.each([
    ["::ffff:10.1.2.3", ["10.0.0.0/8"], true],
    ["10.1.2.3", ["10.1.2.3"], true],
    ["2001:db8::7", ["2001:db8::/32"], true],
    ["fe80::1%eth0", ["fe80::/10"], true],
    ["db.example", ["0.0.0.0/0", "::/0"], false],
    ["", ["0.0.0.0/0"], false],
  ])("address %j in %j: %s", (address, value, expected) => {
    expect(selects(where("address", "in-network", value), thing({ address }))).toBe(expected);
  });

  test("names out of JavaScript's own objects are no attributes", () => {
    expect(shape.safeParse(where("constructor", "equals", "x")).success).toBe(false);
    expect(shape.safeParse(where("__proto__", "equals", "x")).success).toBe(false);
    const inherited = thing(Object.create({ name: "web" }) as Selectable["attributes"]);
    expect(selects(where("name", "equals", "web"), inherited)).toBe(false);
  });
});

test.each([
  ["no type", {}],
  ["nothing", null],
  ["empty ids", { type: "ids", ids: [] }],
  ["no ids", { type: "ids" }],
  ["an id that is none", { type: "ids", ids: ["x"] }],
  ["no condition", { type: "attributes", all: [] }],
  ["an unknown attribute", where("password", "equals", "x")],
  ["an unknown match", where("name", "regex", "x")],
  ["a match that does not fit", where("name", "any-of", ["x"])],
  ["a network of a name", where("name", "in-network", ["10.0.0.0/8"])],
  ["a network that is none", where("address", "in-network", ["10.0.0.0/33"])],
  ["a list for one value", where("name", "equals", ["x"])],
  ["one value for a list", where("name", "in", "x")],
  ["an empty value", where("name", "contains", " ")],
  ["an empty list", where("groups", "any-of", [])],
])("%s is refused", (_, selector) => {
  expect(shape.safeParse(selector).success).toBe(false);
});

test("what cannot be understood selects nothing by accident: it throws", () => {
  for (const selector of [
    where("gone", "equals", "x"),
    where("name", "any-of", ["x"]),
    { type: "ids", ids: [] },
    { type: "attributes", all: [] },
  ])
    expect(() => createSelector(KNOWN, selector as Selector)).toThrow();
});

test("whatever is taken selects without an error, both ways alike", () => {
  let seed = 11;
  const below = (count: number): number => (seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) % count;
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const texts = ["a", "A", "web-01", "10.0.0.0/8", "10.1.2.3", "::1", "ß", "İ", "*", "\\", "(", ".*", "  x "];
  const matches = ["equals", "in", "contains", "starts-with", "ends-with", "in-network", "any-of", "all-of", "regex"];
  const selectors = Array.from({ length: 3000 }, () =>
    where(
      pick(["name", "address", "groups", "gone"]),
      pick(matches),
      below(2) ? pick(texts) : [pick(texts), pick(texts)],
    ),
  );
  const taken = selectors.flatMap((selector) => {
    const parsed = shape.safeParse(selector);
    return parsed.success ? [createSelector(KNOWN, parsed.data)] : [];
  });
  expect(taken.length).toBeGreaterThan(300);
  const things = texts.map((text) => thing({ name: text, address: text, groups: [text] }));
  const ofRules = taken.map((select) => things.filter(select));
  const ofThings = things.map((it) => taken.filter((select) => select(it)));
  things.forEach((it, place) =>
    taken.forEach((select, row) => expect(ofThings[place]!.includes(select)).toBe(ofRules[row]!.includes(it))),
  );
});

test.each([
  [[], null, true],
  [[], "10.0.0.1", true],
  [["10.0.0.0/8"], "10.0.0.1", true],
  [["10.0.0.0/8"], "::ffff:10.0.0.1", true],
  [["10.0.0.0/8"], "11.0.0.1", false],
  [["10.0.0.0/8"], null, false],
  [["0.0.0.0/0", "::/0"], null, false],
])("from %j comes %j: %s", (networks, address, expected) => {
  expect(comesFrom(networks, address)).toBe(expected);
});
