import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { updateUser } from "../../iam/schema.ts";
import { decide, myAssets } from "../index.ts";
import { createGrant, listMyNodes, updateAsset, updateGrant } from "../schema.ts";

let rules: Rules;
let { door, admin, root, asset, node, group, rule, may, fresh } = {} as Rules;
let ann: Person;
let bob: Person;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, root, asset, node, group, rule, may, fresh } = rules);
});
beforeEach(async () => {
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
});
afterAll(() => door.close());

describe("how rules combine", () => {
  test("users and group members are added together, assets and nodes' assets too: everyone on the left reaches everything on the right", async () => {
    const place = await node();
    const [direct, below] = [await asset(), await asset([place])];
    await rule({ userIds: [ann.id], groupIds: [await group(bob.id)], assetIds: [direct.id], nodeIds: [place] });
    const wishes = [may(ann, direct), may(ann, below), may(bob, direct), may(bob, below)];
    expect(await Promise.all(wishes)).toEqual([true, true, true, true]);
  });

  test.each([
    ["no-people", { userIds: [] }],
    ["no-assets", { assetIds: [] }],
    ["no-accounts", { accounts: {} }],
    ["no-protocols", { protocols: {} }],
    ["no-actions", { actions: [] }],
  ])("a rule with an empty side is stored, shown as ineffective (%s), and grants nothing", async (reason, changes) => {
    const made = await asset();
    const stored = await rule({ userIds: [ann.id], assetIds: [made.id], ...changes });
    expect(stored.ineffective).toEqual([reason]);
    expect(await may(ann, made)).toBe(false);
  });

  test("* is no wildcard: a typed * is a name like any other", async () => {
    const made = await asset([], ["root", "*"]);
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { names: ["*"] } });
    expect([await may(ann, made), await may(ann, made, { account: "*" })]).toEqual([false, true]);
    const refused = door.call(admin, createGrant, {
      name: fresh("rule"),
      accounts: { all: true },
      protocols: { kinds: ["*"] },
    });
    expect(await door.codeOf(refused)).toBe("invalid");
  });

  test("several rules add up: accounts and actions are the union over all rules in force", async () => {
    const made = await asset([], ["root", "web"]);
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { names: ["root"] }, actions: ["connect"] });
    await rule({
      groupIds: [await group(ann.id)],
      assetIds: [made.id],
      accounts: { names: ["root", "web"] },
      actions: ["upload", "connect"],
    });
    const wishes = [may(ann, made, { action: "upload" }), may(ann, made), may(ann, made, { account: "web" })];
    expect(await Promise.all(wishes)).toEqual([true, true, true]);
  });

  test("nothing is denied by a rule, except an account name that a rule excludes", async () => {
    const made = await asset([], ["root", "web"]);
    const wide = { userIds: [ann.id], assetIds: [made.id], actions: ["connect", "upload"] };
    await rule(wide);
    const { id } = await rule({ ...wide, accounts: { excluded: ["root"] }, actions: ["connect"] });
    const wishes = () =>
      Promise.all([may(ann, made), may(ann, made, { action: "upload" }), may(ann, made, { account: "web" })]);
    expect(await wishes()).toEqual([false, true, true]);
    await door.call(admin, updateGrant, { id, version: 1, expiresAt: "2030-01-01T00:00:00Z" });
    expect(await may(ann, made, { now: new Date("2030-01-01T00:00:00Z") })).toBe(true);
    await door.call(admin, updateGrant, { id, version: 2, active: false });
    expect(await wishes()).toEqual([true, true, true]);
  });

  test("a rule that only excludes gives nothing, not even its protocols", async () => {
    const made = await asset([], ["root", "web"]);
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { excluded: ["web"] } });
    expect([await may(ann, made), await may(ann, made, { account: "web" })]).toEqual([false, false]);
    await rule({ userIds: [ann.id], assetIds: [made.id], protocols: { kinds: ["rdp"] } });
    expect(await may(ann, made)).toBe(false);
  });

  test("an exclusion holds only for the people and the assets of its rule", async () => {
    const [made, other] = [await asset(), await asset()];
    await rule({ userIds: [ann.id, bob.id], assetIds: [made.id, other.id] });
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { excluded: ["root"] } });
    const wishes = [may(ann, made), may(ann, other), may(bob, made), may(bob, other)];
    expect(await Promise.all(wishes)).toEqual([false, true, true, true]);
  });
});

describe("who and what is not there", () => {
  test("a disabled user, a disabled asset, a former member: nothing, at once", async () => {
    const made = await asset();
    await rule({ userIds: [ann.id, bob.id], assetIds: [made.id] });
    await door.call(admin, updateUser, { id: ann.id, version: 1, active: false });
    expect([await may(ann, made), await may(bob, made)]).toEqual([false, true]);
    await door.call(admin, updateAsset, { id: made.id, version: made.version, active: false });
    expect(await may(bob, made)).toBe(false);
    await door.call(admin, updateAsset, { id: made.id, version: made.version + 1, active: true });
    await sql`delete from membership where user_id = ${bob.id}`.execute(door.db);
    expect(await may(bob, made)).toBe(false);
  });

  test("an account of another asset, a question in another organization, and ids that are not there are denied", async () => {
    const [made, other] = [await asset(), await asset()];
    await rule({ userIds: [ann.id], assetIds: [made.id] });
    const elsewhere = await door.organization(fresh("org"));
    await door.db.insertInto("membership").values({ org_id: elsewhere, user_id: ann.id }).execute();
    const right = {
      orgId: ann.orgId,
      userId: ann.id,
      assetId: made.id,
      accountId: made.ids.root!,
      protocol: "ssh",
      action: "connect" as const,
    };
    const nothing = "00000000-0000-7000-8000-0000000000ff";
    const wrong = [
      { accountId: other.ids.root! },
      { orgId: elsewhere },
      { userId: nothing },
      { assetId: nothing },
      { accountId: nothing },
      { protocol: "" },
    ];
    const decisions = await decide(
      door.db,
      [right, ...wrong.map((change) => ({ ...right, ...change })), right],
      new Date(),
    );
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, false, false, false, false, false, false, true]);
    expect(await decide(door.db, [], new Date())).toEqual([]);
  });

  test("the tree of one's own assets counts each once, and shows no branch without any", async () => {
    const [place, empty] = [await node(), await node()];
    const below = await node(place);
    const twice = await asset([place, below]);
    await asset([empty]);
    await rule({ userIds: [ann.id], nodeIds: [place] });
    const { items: top } = await door.call(ann, listMyNodes, {});
    expect(top).toMatchObject([{ id: root, assets: 1, hasChildren: true }]);
    const { items } = await door.call(ann, listMyNodes, { parentId: root });
    expect(items).toMatchObject([{ id: place, assets: 1 }]);
    expect((await myAssets(door.db, ann, { limit: 10, nodeId: below }, new Date())).items.map(({ id }) => id)).toEqual([
      twice.id,
    ]);
    expect((await door.call(bob, listMyNodes, {})).items).toEqual([]);
  });
});
