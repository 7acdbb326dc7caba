import { afterAll, beforeAll, expect, test } from "vitest";
import { openRules, type Rules } from "../../../test/security/rules.ts";
import { listGrants } from "../schema.ts";

let rules: Rules;
beforeAll(async () => {
  rules = await openRules();
});
afterAll(() => rules.door.close());

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

test("rules that end soon come the next one first, page by page; ended, endless and inactive ones not at all", async () => {
  const { door, admin, rule } = rules;
  const startsAt = inDays(-10);
  for (const days of [20, 3, 29, 7]) await rule({ name: `ends in ${days}`, startsAt, expiresAt: inDays(days) });
  await rule({ startsAt, expiresAt: inDays(-1) });
  await rule({ startsAt, expiresAt: inDays(31) });
  await rule({ startsAt, expiresAt: inDays(5), active: false });
  await rule({});
  const first = await door.call(admin, listGrants, { expiringDays: 30, limit: 3 });
  const rest = await door.call(admin, listGrants, { expiringDays: 30, limit: 3, cursor: first.next ?? "" });
  expect([...first.items, ...rest.items].map(({ name }) => name)).toEqual(
    [3, 7, 20, 29].map((days) => `ends in ${days}`),
  );
  expect(rest.next).toBeNull();
});
