import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { addGroupMembers, removeGroupMembers } from "../../iam/schema.ts";
import { decide, myAssets, type VirtualRequest } from "../index.ts";
import {
  createAccount,
  createGrant,
  deleteGrant,
  GRANT_ACTIONS,
  updateAccount,
  updateAsset,
  updateGrant,
  updateNode,
} from "../schema.ts";

let rules: Rules;
let { door, admin, root, asset, node, group, rule, may } = {} as Rules;
let ann: Person;
let bob: Person;
const NOTHING = { accounts: {}, protocols: {} };

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, root, asset, node, group, rule, may } = rules);
});
beforeEach(async () => {
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
});
afterAll(() => door.close());

describe("the four worked examples", () => {
  test("one person, one asset: only that person reaches only that asset", async () => {
    const [mine, other] = [await asset(), await asset()];
    await rule({ userIds: [ann.id], assetIds: [mine.id] });
    expect([await may(ann, mine), await may(ann, other), await may(bob, mine), await may(bob, other)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test("one group, one asset: each member, also one who joins the group later, reaches that asset", async () => {
    const [mine, other] = [await asset(), await asset()];
    const id = await group(ann.id);
    await rule({ groupIds: [id], assetIds: [mine.id] });
    expect([await may(ann, mine), await may(bob, mine), await may(ann, other)]).toEqual([true, false, false]);
    await door.call(admin, addGroupMembers, { id, userIds: [bob.id] });
    expect([await may(bob, mine), await may(bob, other)]).toEqual([true, false]);
    await door.call(admin, removeGroupMembers, { id, userIds: [ann.id] });
    expect([await may(ann, mine), await may(bob, mine)]).toEqual([false, true]);
  });

  test("one person, one node: that person reaches every asset under the node, also one that is added later", async () => {
    const place = await node();
    const inside = await asset([place]);
    const outside = await asset();
    await rule({ userIds: [ann.id], nodeIds: [place] });
    expect([await may(ann, inside), await may(ann, outside), await may(bob, inside)]).toEqual([true, false, false]);
    const later = await asset([place]);
    expect(await may(ann, later)).toBe(true);
    await door.call(admin, updateAsset, { id: outside.id, version: outside.version, nodeIds: [place] });
    expect(await may(ann, outside)).toBe(true);
    await door.call(admin, updateAsset, { id: inside.id, version: inside.version, nodeIds: [root] });
    expect(await may(ann, inside)).toBe(false);
  });

  test("one group, one node: each member reaches every asset under the node", async () => {
    const place = await node();
    const [one, two, outside] = [await asset([place]), await asset([place]), await asset()];
    const id = await group(ann.id);
    await rule({ groupIds: [id], nodeIds: [place] });
    expect([await may(ann, one), await may(ann, two), await may(ann, outside), await may(bob, one)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    await door.call(admin, addGroupMembers, { id, userIds: [bob.id] });
    const later = await asset([place]);
    expect([await may(bob, one), await may(bob, later)]).toEqual([true, true]);
  });
});

describe("a rule's fields", () => {
  test("name: unique in its organization, whatever the case, and only there", async () => {
    const { name } = await rule({});
    const again = (actor: typeof admin) =>
      door.codeOf(door.call(actor, createGrant, { ...NOTHING, name: name.toUpperCase() }));
    expect(await again(admin)).toBe("conflict");
    const elsewhere = await door.organization(rules.fresh("org"));
    expect(await again({ ...admin, orgId: elsewhere })).toBe("ok");
  });

  test("a node covers every asset below it, at any depth, and not the assets above or beside it", async () => {
    const chain = [await node()];
    for (let depth = 0; depth < 6; depth++) chain.push(await node(chain.at(-1)));
    const [top, middle, deep, beside] = [
      await asset([chain[0]!]),
      await asset([chain[3]!]),
      await asset([chain[6]!]),
      await asset([await node(chain[1])]),
    ];
    await rule({ userIds: [ann.id], nodeIds: [chain[2]!] });
    expect([await may(ann, top), await may(ann, middle), await may(ann, deep), await may(ann, beside)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("a node that is moved takes what is reached through it along", async () => {
    const [granted, elsewhere] = [await node(), await node()];
    const moving = await node(granted);
    const inside = await asset([await node(moving)]);
    await rule({ userIds: [ann.id], nodeIds: [granted] });
    await rule({ userIds: [bob.id], nodeIds: [elsewhere] });
    expect([await may(ann, inside), await may(bob, inside)]).toEqual([true, false]);
    await door.call(admin, updateNode, { id: moving, version: 1, parentId: elsewhere });
    expect([await may(ann, inside), await may(bob, inside)]).toEqual([false, true]);
  });

  test("all accounts: every active account stored on the asset, also one that is stored later", async () => {
    const made = await asset([], ["root", "web"]);
    await rule({ userIds: [ann.id], assetIds: [made.id] });
    expect([await may(ann, made), await may(ann, made, { account: "web" })]).toEqual([true, true]);
    await door.call(admin, updateAccount, { id: made.ids.web!, version: 1, active: false });
    expect([await may(ann, made), await may(ann, made, { account: "web" })]).toEqual([true, false]);
    const secret = { kind: "password" as const, value: "x" };
    const later = await door.call(admin, createAccount, { assetId: made.id, username: "later", secret });
    expect(await may(ann, { ...made, ids: { later: later.id } }, { account: "later" })).toBe(true);
  });

  test("specified accounts: a name matches that account on every asset of the rule", async () => {
    const place = await node();
    const [one, two] = [await asset([place], ["root", "web"]), await asset([place], ["web", "db"])];
    await rule({ userIds: [ann.id], nodeIds: [place], accounts: { names: ["web"] } });
    const wishes = [
      may(ann, one, { account: "web" }),
      may(ann, two, { account: "web" }),
      may(ann, one),
      may(ann, two, { account: "db" }),
    ];
    expect(await Promise.all(wishes)).toEqual([true, true, false, false]);
  });

  test("same name: the account on the asset whose name equals the person's own login name", async () => {
    const made = await asset([], ["root", ann.name, bob.name]);
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { sameName: true } });
    const wishes = [may(ann, made, { account: ann.name }), may(ann, made, { account: bob.name }), may(ann, made)];
    expect(await Promise.all(wishes)).toEqual([true, false, false]);
  });

  test("accounts, any mix: names, the person's own and an exclusion in one rule", async () => {
    const made = await asset([], ["root", "web", "db", ann.name]);
    const accounts = { names: ["web", "db"], sameName: true, manual: true, excluded: ["db"] };
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts });
    const wishes = ["web", ann.name, "db", "root"].map((account) => may(ann, made, { account }));
    expect(await Promise.all(wishes)).toEqual([true, true, false, false]);
  });

  test("manual and same name without such an account: nothing is stored, an excluded name is denied; anonymous: only for what opens without credentials", async () => {
    const [bare, own] = [await asset(), await asset([], ["root", ann.name])];
    const accounts = { manual: true, sameName: true, anonymous: true, excluded: ["admin"] };
    await rule({ userIds: [ann.id], assetIds: [bare.id, own.id], accounts });
    const ask = async (to: { id: string }, virtual: VirtualRequest["virtual"], more: object = {}) => {
      const request = { orgId: ann.orgId, userId: ann.id, assetId: to.id, virtual, protocol: "ssh", ...more };
      return (await decide(door.db, [{ action: "connect", ...request }], new Date()))[0]?.allowed;
    };
    expect([await ask(bare, "manual"), await ask(bare, "same_name"), await ask(bare, "anonymous")]).toEqual([
      true,
      true,
      false,
    ]);
    expect([await ask(own, "same_name"), await may(ann, own, { account: ann.name })]).toEqual([false, true]);
    expect([await ask(bare, "manual", { typed: "admin" }), await ask(bare, "manual", { typed: "web" })]).toEqual([
      false,
      true,
    ]);
    expect([await ask(bare, "manual", { action: "upload" }), await ask(bare, "manual", { protocol: "rdp" })]).toEqual([
      false,
      false,
    ]);
    const { items } = await myAssets(door.db, ann, { limit: 10 }, new Date());
    expect(items.map(({ accounts: stored, virtualAccounts }) => [stored.length, virtualAccounts])).toEqual([
      [
        0,
        [
          { kind: "manual", actions: ["connect"] },
          { kind: "same_name", actions: ["connect"] },
        ],
      ],
      [1, [{ kind: "manual", actions: ["connect"] }]],
    ]);
    const everyStored = await asset();
    await rule({ userIds: [ann.id], assetIds: [everyStored.id], accounts: { all: true, names: ["web"] } });
    expect([await ask(everyStored, "manual", { typed: "web" }), await ask(everyStored, "same_name")]).toEqual([
      false,
      false,
    ]);
    const stranger = await rules.newPerson("eve");
    expect(await ask(bare, "manual", { userId: stranger.id })).toBe(false);
  });

  test("manual and anonymous use no stored account", async () => {
    const made = await asset();
    await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { manual: true, anonymous: true } });
    expect(await may(ann, made)).toBe(false);
  });

  test("protocols: all, or a list of named protocols; never one that the asset does not have", async () => {
    const [made, other] = [await asset(), await asset()];
    await rule({ userIds: [ann.id], assetIds: [made.id], protocols: { kinds: ["ssh"] } });
    await rule({ userIds: [ann.id], assetIds: [other.id], protocols: { kinds: ["rdp"] } });
    const wishes = [
      may(ann, made),
      may(ann, made, { protocol: "rdp" }),
      may(ann, other),
      may(ann, other, { protocol: "rdp" }),
    ];
    expect(await Promise.all(wishes)).toEqual([true, false, false, false]);
  });

  test("actions: what may be done; what is not named may not", async () => {
    const made = await asset();
    await rule({ userIds: [ann.id], assetIds: [made.id], actions: ["connect"] });
    expect([await may(ann, made), await may(ann, made, { action: "upload" })]).toEqual([true, false]);
  });

  test.each(["connect", "upload", "download", "copy", "paste", "delete", "share"] as const)(
    "actions: %s gives that and no other",
    async (action) => {
      const made = await asset();
      await rule({ userIds: [ann.id], assetIds: [made.id], actions: [action] });
      const subject = {
        orgId: ann.orgId,
        userId: ann.id,
        assetId: made.id,
        accountId: made.ids.root!,
        protocol: "ssh",
      };
      const decided = await decide(
        door.db,
        GRANT_ACTIONS.map((one) => ({ ...subject, action: one })),
        new Date(),
      );
      expect(GRANT_ACTIONS.filter((_, place) => decided[place]?.allowed)).toEqual([action]);
    },
  );

  test("start date: when it was created unless given; from the start on, up to and not at the expiration, to the second", async () => {
    const made = await asset();
    const start = new Date("2031-05-05T10:00:00Z");
    const end = new Date("2031-05-05T10:00:01Z");
    const { startsAt } = await rule({ userIds: [bob.id], assetIds: [made.id] });
    expect(Math.abs(new Date(startsAt).getTime() - Date.now())).toBeLessThan(5000);
    await rule({ userIds: [ann.id], assetIds: [made.id], startsAt: start.toISOString(), expiresAt: end.toISOString() });
    const at = (from: Date, ms: number) => may(ann, made, { now: new Date(from.getTime() + ms) });
    expect([await at(start, -1), await at(start, 0), await at(end, -1), await at(end, 0), await at(end, 1)]).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test("a decision says when it has to be asked again", async () => {
    const made = await asset();
    await rule({ userIds: [ann.id], assetIds: [made.id], expiresAt: "2031-01-01T00:00:00Z" });
    await rule({ userIds: [ann.id], assetIds: [made.id], startsAt: "2030-01-01T00:00:00Z" });
    const request = {
      orgId: ann.orgId,
      userId: ann.id,
      assetId: made.id,
      accountId: made.ids.root!,
      protocol: "ssh",
      action: "connect" as const,
    };
    const [decision] = await decide(door.db, [request], new Date());
    expect(decision).toMatchObject({ allowed: true, nextChange: new Date("2030-01-01T00:00:00Z") });
    expect((await decide(door.db, [request], new Date("2030-06-01T00:00:00Z")))[0]?.nextChange).toEqual(
      new Date("2031-01-01T00:00:00Z"),
    );
  });

  test("a decision says until when: the first moment without any rule, gaps included", async () => {
    const made = await asset();
    const both = { userIds: [ann.id], assetIds: [made.id] };
    await rule({ ...both, expiresAt: "2030-01-01T00:00:00Z" });
    await rule({ ...both, startsAt: "2029-01-01T00:00:00Z", expiresAt: "2031-01-01T00:00:00Z" });
    await rule({ ...both, startsAt: "2031-01-01T00:00:01Z" });
    const subject = { orgId: ann.orgId, userId: ann.id, assetId: made.id, accountId: made.ids.root!, protocol: "ssh" };
    const until = async (action: "connect" | "upload", now: Date) =>
      (await decide(door.db, [{ ...subject, action }], now))[0]?.until;
    expect(await until("connect", new Date())).toEqual(new Date("2031-01-01T00:00:00Z"));
    expect(await until("upload", new Date())).toBeNull();
    expect(await until("connect", new Date("2031-01-01T00:00:01Z"))).toBeNull();
    await rule({ ...both, startsAt: "2029-06-01T00:00:00Z", accounts: { excluded: ["root"] }, actions: ["connect"] });
    expect(await until("connect", new Date())).toEqual(new Date("2029-06-01T00:00:00Z"));
  });

  test("active: a rule can be switched off without being deleted", async () => {
    const made = await asset();
    const { id } = await rule({ userIds: [ann.id], assetIds: [made.id] });
    expect(await may(ann, made)).toBe(true);
    await door.call(admin, updateGrant, { id, version: 1, active: false });
    expect(await may(ann, made)).toBe(false);
    await door.call(admin, updateGrant, { id, version: 2, active: true });
    expect(await may(ann, made)).toBe(true);
    await door.call(admin, deleteGrant, { id });
    expect(await may(ann, made)).toBe(false);
  });
});
