import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { addGroupMembers, createGroup, removeGroupMembers, updateUser } from "../../iam/schema.ts";
import { ensureRoot } from "../inventory/node.ts";
import { decide, myAssets } from "../index.ts";
import {
  createAccount,
  createAsset,
  createGrant,
  createNode,
  deleteGrant,
  listMyNodes,
  updateAccount,
  updateAsset,
  updateGrant,
  updateNode,
} from "../schema.ts";

let door: Door;
let admin: Actor & { id: string; orgId: string };
let ann: Actor & { id: string; orgId: string };
let bob: Actor & { id: string; orgId: string };
let root: string;
let count = 0;
const fresh = (what: string): string => `${what}-${++count}`;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
  root = await ensureRoot(door.db, admin.orgId);
});
beforeEach(async () => {
  ann = await door.person(fresh("ann"));
  bob = await door.person(fresh("bob"));
});
afterAll(() => door.close());

const everything = { accounts: { all: true }, protocols: { all: true } };
const ssh = [{ kind: "ssh", port: 22 }];

async function asset(nodeIds: string[] = [], accounts = ["root"]) {
  const made = await door.call(admin, createAsset, { name: fresh("asset"), host: "10.0.0.1", protocols: ssh, nodeIds });
  const ids: Record<string, string> = {};
  for (const name of accounts) {
    const secret = { kind: "password" as const, value: "s3cret" };
    ids[name] = (await door.call(admin, createAccount, { assetId: made.id, name, username: name, secret })).id;
  }
  return { ...made, ids };
}
type Made = Awaited<ReturnType<typeof asset>>;

const node = async (parentId = root): Promise<string> =>
  (await door.call(admin, createNode, { parentId, name: fresh("node") })).id;
const group = async (...userIds: string[]): Promise<string> =>
  (await door.call(admin, createGroup, { name: fresh("group"), userIds })).id;
const rule = (fields: object) => door.call(admin, createGrant, { name: fresh("rule"), ...everything, ...fields });

interface Wish {
  account?: string;
  action?: "connect" | "upload";
  protocol?: string;
  now?: Date;
}
async function may(
  person: Actor & { id: string; orgId: string },
  to: Made,
  { account = "root", action = "connect", protocol = "ssh", now = new Date() }: Wish = {},
): Promise<boolean> {
  const request = {
    orgId: person.orgId,
    userId: person.id,
    assetId: to.id,
    accountId: to.ids[account] ?? "",
    protocol,
    action,
  };
  const [decision, connecting] = await decide(door.db, [request, { ...request, action: "connect" }], now);
  const { items } = await myAssets(door.db, person, { limit: 200 }, now);
  const listed = items.find(({ id }) => id === to.id)?.accounts.find(({ id }) => id === to.ids[account]);
  if (protocol === "ssh")
    expect(listed?.actions.includes(action) ?? false).toBe(decision?.allowed && connecting?.allowed);
  return decision?.allowed ?? false;
}

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
