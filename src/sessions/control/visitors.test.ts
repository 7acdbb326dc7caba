import { expect, test } from "vitest";
import type { Presence } from "../../iam/index.ts";
import { createVisitors } from "./visitors.ts";

const presence = (userId: string): Presence => ({
  userId,
  orgId: "o",
  since: new Date(),
  signInId: null,
  fingerprint: null,
  byPassword: false,
  permission: null,
});

function stage() {
  const state = { banned: new Set<string>(), hold: Promise.resolve() };
  const visitors = createVisitors(async (presences) => {
    await state.hold;
    return presences.map(({ userId }) => !state.banned.has(userId));
  });
  const words: string[] = [];
  const enter = (userId: string) =>
    visitors.enter({ presence: presence(userId), end: (text) => void words.push(`${userId}: ${text}`) });
  return { state, visitors, words, enter };
}

test("those who may not stay are shown out, once", async () => {
  const { state, visitors, words, enter } = stage();
  for (const user of ["ann", "bob", "ann"]) enter(user);
  state.banned.add("ann");
  await visitors.recheck();
  await visitors.recheck();
  expect(words).toEqual(["ann: Your access ended.", "ann: Your access ended."]);
});

test("who left meanwhile is not", async () => {
  const { state, visitors, words, enter } = stage();
  const leave = enter("ann");
  state.banned.add("ann");
  const gate = Promise.withResolvers<void>();
  state.hold = gate.promise;
  const asking = visitors.recheck();
  leave();
  gate.resolve();
  await asking;
  expect(words).toEqual([]);
});
