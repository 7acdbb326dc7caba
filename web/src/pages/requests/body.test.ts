import { expect, test } from "vitest";
import { accessOf, allOf, isSomething, narrowedBody } from "./body.ts";

const id = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;
const asked = {
  rule: { id: id(9), name: "Production" },
  assets: [
    { id: id(1), name: "web-1" },
    { id: id(2), name: "web-2" },
  ],
  nodes: [],
  accounts: ["root", "web"],
  actions: ["connect" as const, "upload" as const],
  startsAt: null,
  minutes: 60,
};

test("what a reviewer leaves as it was asked is sent without a body", () => {
  expect(narrowedBody(asked, allOf(asked))).toBeUndefined();
});

test("what a reviewer takes away is missing from the body, in the order in which it was asked", () => {
  const given = { ...allOf(asked), assetIds: [id(2)], actions: ["upload", "connect"], minutes: 30 };
  expect(narrowedBody(asked, given)).toEqual({ ...asked, assets: [asked.assets[1]], minutes: 30 });
});

test("nothing more than was asked is sent, and nothing at all is not sent", () => {
  const more = { ...allOf(asked), accounts: ["root", "web", "admin"], minutes: 600 };
  expect(narrowedBody(asked, more)).toBeUndefined();
  expect(isSomething(allOf(asked))).toBe(true);
  for (const less of [{ assetIds: [] }, { accounts: [] }, { actions: [] }, { minutes: 4 }]) {
    expect(isSomething({ ...allOf(asked), ...less })).toBe(false);
  }
});

test("a ticket of another kind is no request for access", () => {
  expect(accessOf("access", asked)).toEqual(asked);
  expect([accessOf("sign-in", asked), accessOf("access", { hosts: [] })]).toEqual([null, null]);
});
