import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { updateUser } from "../../iam/schema.ts";
import { previewGrant, readExplanation, updateAsset } from "../schema.ts";

let rules: Rules;
let { door, admin, asset, node, group, rule } = {} as Rules;
let ann: Person;
let bob: Person;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, asset, node, group, rule } = rules);
});
beforeEach(async () => {
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
});
afterAll(() => door.close());

type Made = Awaited<ReturnType<typeof asset>>;
const why = (person: Person, to: Made, more: object = {}) =>
  door.call(admin, readExplanation, { userId: person.id, assetId: to.id, ...more });
const lacks = async (person: Person, to: Made, id: string, more: object = {}) =>
  (await why(person, to, more)).rules.find((one) => one.id === id)?.lacks;

describe("why somebody may: the rules that give it, and how", () => {
  test("by name, through groups and through nodes, until when", async () => {
    const above = await node();
    const made = await asset([await node(above)]);
    const members = await group(ann.id);
    const byName = await rule({ userIds: [ann.id], assetIds: [made.id], expiresAt: "2031-01-01T00:00:00.000Z" });
    const through = await rule({ groupIds: [members], nodeIds: [above], expiresAt: "2030-01-01T00:00:00.000Z" });
    const told = await why(ann, made);
    expect(told).toMatchObject({
      allowed: true,
      until: "2031-01-01T00:00:00.000Z",
      obstacles: [],
      change: null,
      account: { name: "root" },
      protocol: "ssh",
      action: "connect",
    });
    expect(told.rules).toMatchObject([
      { id: byName.id, gives: true, throughGroups: [], throughNodes: [], lacks: [] },
      { id: through.id, gives: true, throughGroups: [{ id: members }], throughNodes: [{ id: above }], lacks: [] },
    ]);
  });
});

describe("why not: what each rule lacks", () => {
  const far = "2040-01-01T00:00:00.000Z";
  test.each([
    ["inactive", { active: false }],
    ["not-yet", { startsAt: far }],
    ["no-accounts", { accounts: {} }],
    ["no-protocols", { protocols: {} }],
    ["no-actions", { actions: [] }],
    ["only-excludes", { accounts: { excluded: ["other"] } }],
    ["other-account", { accounts: { names: ["web"] } }],
    ["other-action", { actions: ["upload"] }],
    ["other-protocol", { protocols: { kinds: ["rdp"] } }],
  ])("%s", async (lack, changes) => {
    const made = await asset();
    const { id, name } = await rule({ userIds: [ann.id], assetIds: [made.id], ...changes });
    const told = await why(ann, made);
    expect(told).toMatchObject({ allowed: false, until: null, change: { id, name } });
    expect(told.rules.find((one) => one.id === id)?.lacks).toContain(lack);
  });

  test("expired, seen from a later moment", async () => {
    const made = await asset();
    const { id } = await rule({ userIds: [ann.id], assetIds: [made.id], expiresAt: far });
    expect(await lacks(ann, made, id)).toEqual([]);
    expect(await lacks(ann, made, id, { at: far })).toEqual(["expired"]);
    expect(await why(ann, made, { at: far })).toMatchObject({ at: far, allowed: false, change: { id } });
  });

  test("names somebody else, or covers something else", async () => {
    const [made, other] = [await asset(), await asset()];
    const forBob = await rule({ userIds: [bob.id], assetIds: [made.id] });
    const elsewhere = await rule({ userIds: [ann.id], assetIds: [other.id] });
    expect(await lacks(ann, made, forBob.id)).toEqual(["other-person"]);
    expect(await lacks(ann, made, elsewhere.id)).toEqual(["other-asset"]);
  });

  test("excluded: the rule to change is the one that excludes", async () => {
    const made = await asset();
    const gives = await rule({ userIds: [ann.id], assetIds: [made.id] });
    const excludes = await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { excluded: ["root"] } });
    expect(await lacks(ann, made, gives.id)).toEqual(["excluded"]);
    expect(await lacks(ann, made, excludes.id)).toEqual(["only-excludes", "excludes"]);
    expect((await why(ann, made)).change).toMatchObject({ id: excludes.id });
  });

  test("forwarding to another place", async () => {
    const made = await asset();
    const { id } = await rule({
      userIds: [ann.id],
      assetIds: [made.id],
      actions: ["connect", "forward"],
      forwardTo: ["10.0.0.0/8:22"],
    });
    expect(await lacks(ann, made, id, { action: "forward", host: "10.1.1.1", port: 22 })).toEqual([]);
    expect(await lacks(ann, made, id, { action: "forward", host: "11.1.1.1", port: 22 })).toEqual([
      "other-destination",
    ]);
    expect(await lacks(ann, made, id, { action: "forward" })).toEqual(["other-destination"]);
  });

  test("what denies it whatever rules say", async () => {
    const [made, empty] = [await asset(), await asset([], [])];
    await rule({ userIds: [ann.id], assetIds: [made.id, empty.id] });
    expect((await why(ann, empty)).obstacles).toEqual(["no-account"]);
    expect(await why(ann, made, { protocol: "rdp" })).toMatchObject({
      allowed: false,
      obstacles: ["protocol-missing"],
    });
    await door.call(admin, updateUser, { id: ann.id, version: 1, active: false });
    await door.call(admin, updateAsset, { id: made.id, version: made.version, active: false });
    expect(await why(ann, made)).toMatchObject({
      allowed: false,
      obstacles: ["person-disabled", "asset-disabled"],
      change: null,
    });
  });

  test("who is not of the organization, or an asset that is not there, is not found", async () => {
    const made = await asset();
    const nobody = { ...ann, id: "00000000-0000-7000-8000-0000000000ff" };
    expect(await door.codeOf(why(nobody, made))).toBe("not_found");
    expect(await door.codeOf(why(ann, { ...made, id: nobody.id }))).toBe("not_found");
    expect(await door.codeOf(why(ann, made, { accountId: nobody.id }))).toBe("not_found");
  });
});

describe("a preview counts whom a rule would let reach what", () => {
  test("distinct active people and assets, also those of groups and below nodes, of this organization alone", async () => {
    const above = await node();
    const below = await node(above);
    const [one, two, off] = [await asset([above, below]), await asset([below]), await asset([below])];
    await door.call(admin, updateAsset, { id: off.id, version: off.version, active: false });
    const members = await group(ann.id, bob.id);
    const gone = await rules.newPerson("gone");
    await door.call(admin, updateUser, { id: gone.id, version: 1, active: false });
    const preview = (sides: object) => door.call(admin, previewGrant, sides);
    expect(await preview({})).toEqual({ people: 0, assets: 0 });
    expect(
      await preview({ userIds: [ann.id, gone.id], groupIds: [members], assetIds: [one.id, off.id], nodeIds: [above] }),
    ).toEqual({ people: 2, assets: 2 });
    expect(await preview({ nodeIds: [below], assetIds: [two.id] })).toEqual({ people: 0, assets: 2 });
    const elsewhere = await door.organization(rules.fresh("org"));
    const foreign = { ...admin, orgId: elsewhere };
    const sides = { userIds: [ann.id], groupIds: [members], assetIds: [one.id], nodeIds: [above] };
    expect(await door.call(foreign, previewGrant, sides)).toEqual({ people: 0, assets: 0 });
  });

  test("and writes nothing, not even an event", async () => {
    await door.call(admin, previewGrant, { userIds: [ann.id] });
    expect(await door.events("grant.preview")).toEqual([]);
    const { rows } = await sql`select 1 from access_grant where name = ''`.execute(door.db);
    expect(rows).toEqual([]);
  });
});
