import { describe, expect, test } from "vitest";
import { evaluate, type Rule } from "./evaluate.ts";

const rule = (changes: Partial<Rule>): Rule => ({
  id: "r1",
  name: "rule",
  active: true,
  startsAt: 0,
  expiresAt: null,
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
const question = { accountName: "root", loginName: "ann", protocol: "ssh", now: 1000 };
const allowed = (rules: Rule[], changes: Partial<typeof question> = {}): string[] => [
  ...evaluate(rules, { ...question, ...changes }).actions.keys(),
];

describe("how rules combine", () => {
  test("a rule with an empty required side grants nothing", () => {
    expect(allowed([rule({ allAccounts: false })])).toEqual([]);
    expect(allowed([rule({ allProtocols: false })])).toEqual([]);
    expect(allowed([rule({ actions: [] })])).toEqual([]);
    expect(allowed([rule({})])).toEqual(["connect"]);
  });

  test("* is no wildcard", () => {
    expect(allowed([rule({ allAccounts: false, accountNames: ["*"] })])).toEqual([]);
    expect(allowed([rule({ allProtocols: false, protocols: ["*"] })])).toEqual([]);
  });

  test("several rules add up", () => {
    const rules = [
      rule({ actions: ["connect"] }),
      rule({ id: "r2", allAccounts: false, accountNames: ["root"], actions: ["upload"] }),
    ];
    expect(allowed(rules)).toEqual(["connect", "upload"]);
    expect(allowed(rules, { accountName: "web" })).toEqual(["connect"]);
  });

  test("protocols add up, too: one rule's account by another rule's protocol", () => {
    const account = rule({ allProtocols: false, protocols: ["rdp"] });
    const protocol = rule({
      id: "r2",
      allAccounts: false,
      accountNames: ["web"],
      allProtocols: false,
      protocols: ["ssh"],
    });
    expect(allowed([account])).toEqual([]);
    expect(allowed([account, protocol])).toEqual(["connect"]);
  });

  test("an excluded name is denied whatever other rules say, for the actions of the excluding rule", () => {
    const excluding = rule({ id: "r2", allAccounts: false, excludedNames: ["root"], actions: ["connect"] });
    expect(allowed([rule({ actions: ["connect", "upload"] }), excluding])).toEqual(["upload"]);
    expect(allowed([rule({}), excluding], { accountName: "web" })).toEqual(["connect"]);
  });

  test("same name means the account named like the person", () => {
    const sameName = rule({ allAccounts: false, virtualAccounts: ["same_name"] });
    expect(allowed([sameName])).toEqual([]);
    expect(allowed([sameName], { accountName: "ann" })).toEqual(["connect"]);
  });

  test("a rule holds from its start and up to, not at, its expiration", () => {
    const window = rule({ startsAt: 1000, expiresAt: 2000 });
    expect(allowed([window], { now: 999 })).toEqual([]);
    expect(allowed([window], { now: 1000 })).toEqual(["connect"]);
    expect(allowed([window], { now: 1999 })).toEqual(["connect"]);
    expect(allowed([window], { now: 2000 })).toEqual([]);
  });

  test("the next change is the nearest start or end ahead", () => {
    const rules = [rule({ startsAt: 500, expiresAt: 5000 }), rule({ id: "r2", startsAt: 3000 })];
    expect(evaluate(rules, question).nextChange).toBe(3000);
    expect(evaluate([rule({})], question).nextChange).toBeNull();
  });
});
