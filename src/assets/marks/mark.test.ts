import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { deleteGrant, listMyAssets, markAsset } from "../schema.ts";

let rules: Rules;
let { door, admin, asset, rule } = {} as Rules;
let ann: Person;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, asset, rule } = rules);
});
beforeEach(async () => {
  ann = await rules.newPerson("ann");
});
afterAll(() => door.close());

const mine = async (input: { favourites?: "true"; search?: string } = {}) =>
  (await door.call(ann, listMyAssets, { limit: 200, ...input })).items;

test("a favourite is one's own, and listed alone when asked for", async () => {
  const [one, other] = [await asset(), await asset()];
  await rule({ userIds: [ann.id], assetIds: [one.id, other.id] });
  expect(await door.call(ann, markAsset, { id: one.id, favourite: true })).toEqual({
    favourite: true,
    ownName: null,
  });
  expect((await mine({ favourites: "true" })).map(({ id }) => id)).toEqual([one.id]);
  const bob = await rules.newPerson("bob");
  await rule({ userIds: [bob.id], assetIds: [one.id] });
  expect((await door.call(bob, listMyAssets, {})).items).toMatchObject([{ id: one.id, favourite: false }]);
  await door.call(ann, markAsset, { id: one.id, favourite: false });
  expect(await mine({ favourites: "true" })).toEqual([]);
});

test("a name of one's own stays beside the favourite, is searched, and ends with null", async () => {
  const one = await asset();
  await rule({ userIds: [ann.id], assetIds: [one.id] });
  await door.call(ann, markAsset, { id: one.id, favourite: true });
  await door.call(ann, markAsset, { id: one.id, ownName: "The old mail server" });
  expect(await mine({ search: "old mail" })).toMatchObject([
    { id: one.id, favourite: true, ownName: "The old mail server" },
  ]);
  expect((await door.call(ann, markAsset, { id: one.id, ownName: null })).favourite).toBe(true);
  expect(await mine({ search: "old mail" })).toEqual([]);
});

test("an asset that one cannot reach is not found, and a mark shows nothing that a rule does not give any more", async () => {
  const [one, secret] = [await asset(), await asset()];
  const given = await rule({ userIds: [ann.id], assetIds: [one.id] });
  await door.call(ann, markAsset, { id: one.id, favourite: true, ownName: "Shown no longer" });
  expect(await door.codeOf(door.call(ann, markAsset, { id: secret.id, favourite: true }))).toBe("not_found");
  await door.call(admin, deleteGrant, { id: given.id });
  expect(await mine({ favourites: "true" })).toEqual([]);
  expect(await mine({ search: "longer" })).toEqual([]);
  expect(await door.codeOf(door.call(ann, markAsset, { id: one.id, ownName: "x" }))).toBe("not_found");
});
