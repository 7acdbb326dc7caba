import { describe, expect, test } from "vitest";
import type { Rule } from "./evaluate.ts";
import { type Gave, standingOf } from "./outlive.ts";

const END = 1_000_000;
const MINUTE = 60_000;

const rule = (changes: Partial<Rule>): Rule => ({
  id: "r1",
  name: "rule",
  active: true,
  startsAt: 0,
  expiresAt: END,
  allAccounts: true,
  accountNames: [],
  excludedNames: [],
  virtualAccounts: [],
  allProtocols: true,
  protocols: [],
  actions: ["connect"],
  forwardTo: [],
  atEnd: "cut",
  warnMinutes: null,
  ...changes,
});
const warn = (minutes: number) => ({ atEnd: "warn", warnMinutes: minutes }) as const;
const keep = { atEnd: "keep" } as const;

/** How a session that these rules gave just before their end stands at that moment after it. */
function after(ms: number, rules: Rule[], now: Rule[] = rules) {
  const at = (moment: number, from: Rule[], gave: Gave) =>
    standingOf(
      from,
      { accountName: "root", loginName: "ann", protocol: "ssh", now: moment },
      { action: "connect" },
      gave,
    );
  const before = at(END - 1, rules, new Map());
  expect(before.allowed).toBe(true);
  return at(END + ms, now, before.gave);
}
const until = (minutes: number) => ({ until: new Date(END + minutes * MINUTE) });

describe("when a rule ends by the clock, a live session", () => {
  test("is cut at the very moment: the end itself is outside", () => {
    expect(after(-1, [rule({})])).toMatchObject({ allowed: true, outlives: null });
    expect(after(0, [rule({})])).toMatchObject({ allowed: false, outlives: null, byClock: true });
  });

  test("is warned, and cut after its minutes", () => {
    const rules = [rule(warn(5))];
    expect(after(0, rules)).toMatchObject({ allowed: false, outlives: until(5), nextChange: until(5).until });
    expect(after(5 * MINUTE - 1, rules)).toMatchObject({ outlives: until(5) });
    expect(after(5 * MINUTE, rules)).toMatchObject({ outlives: null, byClock: true });
  });

  test("is kept", () => {
    expect(after(1e9, [rule(keep)])).toMatchObject({ allowed: false, outlives: { until: null }, nextChange: null });
  });

  test("goes on as the most lenient says of the rules that gave it", () => {
    const two = (a: Partial<Rule>, b: Partial<Rule>) => after(0, [rule(a), rule({ id: "r2", ...b })]).outlives;
    expect(two({}, warn(5))).toEqual(until(5));
    expect(two(warn(20), warn(5))).toEqual(until(20));
    expect(two(warn(20), keep)).toEqual({ until: null });
    expect(two({}, {})).toBeNull();
  });

  test("needs both where one rule gave the account and another the protocol", () => {
    const account = rule({ ...keep, allProtocols: false, protocols: ["rdp"] });
    const protocol = rule({ id: "r2", ...warn(5), allAccounts: false, accountNames: ["somebody"] });
    expect(after(0, [account, protocol]).outlives).toEqual(until(5));
  });

  test("is not kept by a rule that did not give it", () => {
    const others = [
      rule({ id: "r2", ...keep, allAccounts: false, accountNames: ["web"], allProtocols: false, protocols: ["x"] }),
    ];
    expect(after(0, [rule({}), ...others])).toMatchObject({ outlives: null, byClock: true });
    const later = rule({ id: "r3", ...keep });
    expect(after(0, [rule({})], [rule({}), later])).toMatchObject({ outlives: null, byClock: true });
  });

  test("goes on by a rule in force, and is told nothing", () => {
    expect(after(0, [rule({}), rule({ id: "r2", expiresAt: null })])).toMatchObject({ allowed: true, outlives: null });
  });
});

describe("a revocation after the end ends the session that was kept", () => {
  const kept = rule(keep);
  const over = { allowed: false, outlives: null, byClock: false };

  test.each([
    ["the rule is deleted, or no longer names the person", []],
    ["it is switched off", [{ ...kept, active: false }]],
    ["it loses the account", [{ ...kept, allAccounts: false, accountNames: ["web"] }]],
    ["it loses the action", [{ ...kept, actions: ["upload"] }]],
    [
      "a rule in force excludes the account",
      [kept, rule({ id: "x", expiresAt: null, allAccounts: false, excludedNames: ["root"] })],
    ],
    ["its end is moved, even within the past", [{ ...kept, expiresAt: END - 5 }]],
  ] as [string, Rule[]][])("%s", (_, now) => {
    expect(after(10, [kept], now)).toMatchObject(over);
  });

  test("its end is moved into the past: whoever does that means now", () => {
    expect(after(-1, [kept], [{ ...kept, expiresAt: END - 5 }])).toMatchObject(over);
  });

  test("what becomes of it is changed to a cut: the clock has ended it long ago", () => {
    expect(after(10, [kept], [{ ...kept, atEnd: "cut" }])).toMatchObject({ ...over, byClock: true });
  });

  test("a rule that ended excludes nothing any more", () => {
    const both = rule({ ...keep, id: "r2", excludedNames: ["root"], actions: ["upload"] });
    expect(after(0, [kept, both]).outlives).toEqual({ until: null });
  });
});
