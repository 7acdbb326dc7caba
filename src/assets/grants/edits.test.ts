import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { deleteGroup, deleteUser } from "../../iam/schema.ts";
import { updateOrganizationSettings } from "../../platform/schema.ts";
import { decide } from "../index.ts";
import { deleteAccount, deleteAsset, deleteNode, GRANT_ACTIONS, readGrant, updateGrant } from "../schema.ts";

let rules: Rules;
let { door, admin, asset, node, group, rule, may } = {} as Rules;
let ann: Person;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, asset, node, group, rule, may } = rules);
});
beforeEach(async () => void (ann = await rules.newPerson("ann")));
afterAll(() => door.close());

describe("two administrators who edit the same rule", () => {
  test("the second gets a conflict with the rule as it is now, and nothing is lost", async () => {
    const made = await asset();
    const first = await rule({ userIds: [ann.id], assetIds: [made.id] });
    const change = { id: first.id, version: first.version };
    const done = await door.call(admin, updateGrant, { ...change, actions: ["connect", "upload"] });
    const refused = door.call(admin, updateGrant, { ...change, userIds: [], comment: "mine" });
    await expect(refused).rejects.toMatchObject({
      code: "conflict",
      details: { current: { id: first.id, version: done.version, actions: ["connect", "upload"], comment: "" } },
    });
    const now = await door.call(admin, readGrant, { id: first.id });
    expect(now).toEqual(done);
    expect(now.users).toMatchObject([{ id: ann.id }]);
    const again = await door.call(admin, updateGrant, { id: first.id, version: done.version, comment: "mine" });
    expect(again).toMatchObject({ comment: "mine", actions: ["connect", "upload"] });
  });

  test("at the same moment: one wins, the other gets the conflict", async () => {
    const first = await rule({ userIds: [ann.id] });
    const tries = ["one", "two", "three"].map((comment) =>
      door.codeOf(door.call(admin, updateGrant, { id: first.id, version: first.version, comment })),
    );
    expect((await Promise.all(tries)).toSorted()).toEqual(["conflict", "conflict", "ok"]);
  });
});

describe("deleting what a rule names", () => {
  const reasonsOf = async (id: string) => (await door.call(admin, readGrant, { id })).ineffective;

  test("the user: the rule stays, names nobody and says so", async () => {
    const made = await asset();
    const { id } = await rule({ userIds: [ann.id], assetIds: [made.id] });
    expect(await may(ann, made)).toBe(true);
    await door.call(admin, deleteUser, { id: ann.id });
    expect(await reasonsOf(id)).toEqual(["no-people"]);
  });

  test("the group: the rule stays, names nobody and says so", async () => {
    const made = await asset();
    const members = await group(ann.id);
    const { id } = await rule({ groupIds: [members], assetIds: [made.id] });
    expect(await may(ann, made)).toBe(true);
    await door.call(admin, deleteGroup, { id: members });
    expect([await reasonsOf(id), await may(ann, made)]).toEqual([["no-people"], false]);
  });

  test("the asset: the rule stays, names no asset and says so", async () => {
    const made = await asset();
    const { id } = await rule({ userIds: [ann.id], assetIds: [made.id] });
    await door.call(admin, deleteAsset, { id: made.id });
    expect(await reasonsOf(id)).toEqual(["no-assets"]);
  });

  test("the node: the rule stays, names no asset and says so", async () => {
    const place = await node();
    const { id } = await rule({ userIds: [ann.id], nodeIds: [place] });
    await door.call(admin, deleteNode, { id: place });
    expect(await reasonsOf(id)).toEqual(["no-assets"]);
  });

  test("the account: its name stays in the rule, and counts again for an account of that name", async () => {
    const made = await asset([], ["root", "web"]);
    const { id } = await rule({ userIds: [ann.id], assetIds: [made.id], accounts: { names: ["web"] } });
    expect(await may(ann, made, { account: "web" })).toBe(true);
    await door.call(admin, deleteAccount, { id: made.ids.web! });
    expect([await reasonsOf(id), await may(ann, made, { account: "web" }), await may(ann, made)]).toEqual([
      [],
      false,
      false,
    ]);
  });
});

describe("forwarding ports", () => {
  const aim = { host: "10.1.2.3", port: 443 };
  const asks = async (to: Awaited<ReturnType<typeof asset>>, more: object) => {
    const subject = { orgId: ann.orgId, userId: ann.id, assetId: to.id, accountId: to.ids.root!, protocol: "ssh" };
    const [decision] = await decide(door.db, [{ ...subject, action: "forward", ...more }], new Date());
    return decision?.allowed;
  };

  test("is allowed to the destinations of a rule, and nowhere without one", async () => {
    const made = await asset();
    await rule({
      userIds: [ann.id],
      assetIds: [made.id],
      actions: ["connect", "forward"],
      forwardTo: ["10.0.0.0/8:443", "db.example.com:5432"],
    });
    const wishes = [{ aim }, { aim: { host: "db.example.com", port: 5432 } }, { aim: { ...aim, port: 22 } }, {}];
    expect(await Promise.all(wishes.map((wish) => asks(made, wish)))).toEqual([true, true, false, false]);
  });

  test("needs a destination in the rule, and * is none", async () => {
    const refused = (changes: object) => door.codeOf(rule({ userIds: [ann.id], actions: ["forward"], ...changes }));
    expect([
      await refused({}),
      await refused({ forwardTo: ["*:22"] }),
      await refused({ forwardTo: ["host:*"] }),
    ]).toEqual(["invalid", "invalid", "invalid"]);
    const { id } = await rule({ userIds: [ann.id] });
    const bare = sql`update access_grant set actions = '{forward}' where id = ${id}`.execute(door.db);
    await expect(bare).rejects.toThrow("grant_forwards_somewhere");
  });

  test("is not among the actions of a rule that was saved with all there were before", async () => {
    const made = await asset();
    const all = GRANT_ACTIONS.filter((action) => action !== "forward");
    const stored = await rule({ userIds: [ann.id], assetIds: [made.id], actions: all });
    expect(stored.actions).toEqual(["connect", "upload", "download", "copy", "paste", "delete", "share"]);
    expect(await asks(made, { aim })).toBe(false);
  });
});

describe("what becomes of live sessions when a rule ends", () => {
  test("cut unless the rule or the organization says something else; rules that exist keep theirs", async () => {
    const before = await rule({});
    expect(before.atEnd).toEqual({ what: "cut" });
    const values = { atEnd: "warn", warnMinutes: 7 };
    await door.call(admin, updateOrganizationSettings, { key: "permission-rules", version: 0, values });
    expect((await rule({})).atEnd).toEqual({ what: "warn", minutes: 7 });
    expect((await rule({ atEnd: { what: "keep" } })).atEnd).toEqual({ what: "keep" });
    const kept = await door.call(admin, updateGrant, { id: before.id, version: before.version, comment: "same" });
    expect(kept.atEnd).toEqual({ what: "cut" });
    const warned = await door.call(admin, updateGrant, {
      id: before.id,
      version: kept.version,
      atEnd: { what: "warn", minutes: 120 },
    });
    expect(warned.atEnd).toEqual({ what: "warn", minutes: 120 });
  });

  test("a warning lasts 1 to 120 minutes, in SQL too", async () => {
    for (const minutes of [0, 121, 1.5])
      expect(await door.codeOf(rule({ atEnd: { what: "warn", minutes } }))).toBe("invalid");
    const { id } = await rule({ atEnd: { what: "cut" } });
    const set = (text: string) =>
      sql`update access_grant set ${sql.raw(text)} where id = ${id}`.execute(door.db).then(
        () => "ok",
        (error: { constraint?: string }) => error.constraint,
      );
    expect(await set("at_end = 'warn', warn_minutes = 121")).toBe("grant_warning_is_bounded");
    expect(await set("at_end = 'warn'")).toBe("grant_warns_for_some_minutes");
    expect(await set("warn_minutes = 5")).toBe("grant_warns_for_some_minutes");
    expect(await set("at_end = 'later'")).toBe("grant_end_is_known");
  });
});
