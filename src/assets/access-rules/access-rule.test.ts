import { sql } from "kysely";
import type { z } from "zod";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { deleteGroup } from "../../iam/schema.ts";
import { judgeConnections, refusalOf } from "../index.ts";
import { deleteNode } from "../inventory/schema.ts";
import {
  createAccessRule,
  createCommandGroup,
  deleteAccessRule,
  deleteCommandGroup,
  listAccessRuleKinds,
  listAccessRules,
  listCommandGroups,
  previewAccess,
  previewCommand,
  readAccessRule,
  reorderAccessRules,
  updateAccessRule,
  updateCommandGroup,
} from "../schema.ts";

let rules: Rules;
let { door, admin, fresh } = {} as Rules;
let ann: Person;
let bob: Person;
let host: Awaited<ReturnType<Rules["asset"]>>;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, fresh } = rules);
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
  host = await rules.asset([], ["root", "web"]);
});
afterEach(async () => {
  await sql`delete from access_rule`.execute(door.db);
  await sql`delete from command_group`.execute(door.db);
  await sql`update users set active = true`.execute(door.db);
});
afterAll(() => door.close());

type Fields = Partial<z.input<typeof createAccessRule.input>>;
const rule = (fields: Fields = {}) =>
  door.call(admin, createAccessRule, { kind: "connect", name: fresh("rule"), action: "reject", ...fields });

async function passes(): Promise<boolean> {
  const subject = { orgId: ann.orgId, userId: ann.id, assetId: host.id, accountId: host.ids.root! };
  const [found] = await judgeConnections(door.db, [{ ...subject, address: null, method: "ssh-client" }], new Date());
  return refusalOf(found!) === null;
}

describe("saving", () => {
  const codeOf = (fields: Fields) => door.codeOf(rule(fields));

  test.each([
    ["an unknown kind", { kind: "nothing" }],
    ["an action of another kind", { kind: "connect-method", action: "review", settings: { methods: ["ssh-client"] } }],
    ["a review without reviewers", { action: "review" }],
    ["a notice to nobody", { action: "notify" }],
    ["an empty selector", { users: { type: "ids", ids: [] } }],
    [
      "an unknown attribute",
      { users: { type: "attributes", all: [{ name: "password", match: "equals", value: "x" }] } },
    ],
    ["no account", { accounts: [] }],
    ["a priority of 0", { priority: 0 }],
    ["a priority of 101", { priority: 101 }],
    ["an address that is none", { settings: { addresses: ["10.0.0.0/33"] } }],
    ["times of nothing", { settings: { times: { zone: "UTC", ranges: [] } } }],
    ["no way to connect", { kind: "connect-method", settings: {} }],
    ["masking of nothing", { kind: "data-masking", action: "mask", settings: {} }],
  ])("%s is refused", async (_, fields) => {
    expect(await codeOf(fields as Fields)).toBe("invalid");
  });

  test("nothing of another organization can be named", async () => {
    const orgId = await door.organization(fresh("org"));
    const other = await door.person(fresh("other"), { orgId });
    const nobody = "00000000-0000-7000-8000-0000000000ff";
    const where = (name: string) => ({ type: "attributes", all: [{ name, match: "any-of", value: [nobody] }] });
    const tries = [
      { users: { type: "ids", ids: [other.id] } },
      { action: "review", reviewerIds: [other.id] },
      { assets: { type: "ids", ids: [nobody] } },
      { users: where("groups") },
      { assets: where("nodes") },
      { kind: "command", settings: { groupIds: [nobody] } },
    ];
    expect(await Promise.all(tries.map((fields) => codeOf(fields as Fields)))).toEqual(Array(6).fill("not_found"));
    expect((await door.call(admin, listAccessRules, {})).items).toEqual([]);
  });

  test("an organization has 500 rules of a kind at most", async () => {
    await sql`insert into access_rule (id, org_id, kind, name, action, users, assets)
      select gen_random_uuid(), ${ann.orgId}::uuid, 'connect', 'many ' || n, 'accept', '{"type":"all"}', '{"type":"all"}'
      from generate_series(1, 499) as n`.execute(door.db);
    await rule({ name: "the last" });
    await expect(rule({ name: "one more" })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("500 rules"),
    });
    await rule({ kind: "connect-method", settings: { methods: ["ssh-client"] } });
  });

  test("names are unique in the organization", async () => {
    await rule({ name: "Same" });
    expect(await codeOf({ name: "SAME", kind: "clipboard", settings: { operations: ["copy"] } })).toBe("conflict");
  });

  test("who saves second gets a conflict with what is there", async () => {
    const made = await rule();
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, comment: "first" });
    const second = door.call(admin, updateAccessRule, { id: made.id, version: 1, comment: "second" });
    await expect(second).rejects.toMatchObject({ code: "conflict", details: { current: { comment: "first" } } });
  });

  test("an update checks the whole: reviewers cannot be taken from a review", async () => {
    const made = await rule({ action: "review", reviewerIds: [bob.id] });
    expect(await door.codeOf(door.call(admin, updateAccessRule, { id: made.id, version: 1, reviewerIds: [] }))).toBe(
      "invalid",
    );
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, reviewerIds: [], action: "reject" });
  });

  test("priorities change together or not at all", async () => {
    const [one, two] = [await rule({ name: "one" }), await rule({ name: "two" })];
    await door.call(admin, reorderAccessRules, {
      rules: [
        { id: two.id, version: 1, priority: 1 },
        { id: one.id, version: 1, priority: 2 },
      ],
    });
    expect((await door.call(admin, listAccessRules, {})).items.map(({ name }) => name)).toEqual(["two", "one"]);
    const stale = door.call(admin, reorderAccessRules, {
      rules: [
        { id: one.id, version: 2, priority: 1 },
        { id: two.id, version: 1, priority: 90 },
      ],
    });
    expect(await door.codeOf(stale)).toBe("conflict");
    expect((await door.call(admin, listAccessRules, {})).items.map(({ priority }) => priority)).toEqual([1, 2]);
  });

  test("lists go a page at a time in the order in which rules are asked", async () => {
    for (const [name, priority] of [
      ["c", 10],
      ["a", 50],
      ["b", 50],
      ["d", 50],
    ] as const)
      await rule({ name, priority });
    const first = await door.call(admin, listAccessRules, { limit: 2, kind: "connect" });
    const second = await door.call(admin, listAccessRules, { limit: 2, kind: "connect", cursor: first.next! });
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(["c", "a", "b", "d"]);
    expect(second.next).toBeNull();
  });

  test("the kinds tell what they take", async () => {
    const { items } = await door.call(admin, listAccessRuleKinds, {});
    expect(items.map(({ kind }) => kind)).toEqual([
      "connect-method",
      "connect",
      "command",
      "data-masking",
      "clipboard",
    ]);
    expect(items.every(({ schema, actions }) => schema.type === "object" && actions.length > 0)).toBe(true);
  });

  test("in SQL: no empty selector, no unknown action, no reviewer from elsewhere", async () => {
    const made = await rule({ action: "review", reviewerIds: [bob.id] });
    const orgId = await door.organization(fresh("org"));
    const other = await door.person(fresh("other"), { orgId });
    const set = (change: ReturnType<typeof sql>) =>
      sql`update access_rule set ${change} where id = ${made.id}`.execute(door.db);
    await expect(set(sql`users = '{"type": "ids", "ids": []}'`)).rejects.toThrow("access_rule_selects_some_users");
    await expect(set(sql`assets = '{"type": "attributes", "all": []}'`)).rejects.toThrow(
      "access_rule_selects_some_assets",
    );
    await expect(set(sql`users = '{}'`)).rejects.toThrow("access_rule_selects_some_users");
    await expect(set(sql`accounts = '{}'`)).rejects.toThrow("access_rule_names_some_accounts");
    await expect(set(sql`action = 'allow'`)).rejects.toThrow("access_rule_action_is_known");
    await expect(set(sql`priority = 0`)).rejects.toThrow("access_rule_priority_is_bounded");
    const smuggled = sql`insert into access_rule_reviewer values (${ann.orgId}, ${made.id}, ${other.id})`.execute(
      door.db,
    );
    await expect(smuggled).rejects.toThrow("access_rule_reviewer_is_of_the_organization");
  });

  test("deleting a rule, and a person, an asset or a node that rules name, leaves rules that select nobody", async () => {
    const gone = await rules.newPerson("gone");
    const made = await rule({ users: { type: "ids", ids: [gone.id] } });
    await sql`delete from users where id = ${gone.id}`.execute(door.db);
    expect(await passes()).toBe(true);
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, comment: "x" });
    const anew = door.call(admin, updateAccessRule, { id: made.id, version: 2, reviewerIds: [gone.id] });
    expect(await door.codeOf(anew)).toBe("not_found");
    await door.call(admin, deleteAccessRule, { id: made.id });
    expect(await door.codeOf(door.call(admin, readAccessRule, { id: made.id }))).toBe("not_found");
  });
});

describe("what a rule names", () => {
  const naming = (name: string, id: string) => ({
    type: "attributes" as const,
    all: [{ name, match: "any-of" as const, value: [id.toUpperCase()] }],
  });
  const gone = (what: string, name: string) => ({
    code: "conflict",
    message: expect.stringContaining(`The ${what} "${name}" names this`),
  });

  test("is kept while an active rule names it: groups and nodes", async () => {
    const [groupId, nodeId] = [await rules.group(), await rules.node()];
    const people = await rule({ name: "People", users: naming("groups", groupId) });
    const assets = await rule({ name: "Assets", assets: naming("nodes", nodeId) });
    const takeGroup = () => door.call(admin, deleteGroup, { id: groupId });
    const takeNode = () => door.call(admin, deleteNode, { id: nodeId });
    await expect(takeGroup()).rejects.toMatchObject(gone("access rule", "People"));
    await expect(takeNode()).rejects.toMatchObject(gone("access rule", "Assets"));
    for (const { id } of [people, assets])
      expect((await door.call(admin, updateAccessRule, { id, version: 1, active: false })).problems).toEqual([]);
    await takeGroup();
    await takeNode();
    for (const { id } of [people, assets])
      expect((await door.call(admin, readAccessRule, { id })).problems).toEqual(["names-gone"]);
  });

  test("may have gone: a person, and what was no id at all", async () => {
    const leaver = await rules.newPerson("leaver");
    const { id } = await rule({ users: { type: "ids", ids: [leaver.id] } });
    await sql`delete from users where id = ${leaver.id}`.execute(door.db);
    expect((await door.call(admin, listAccessRules, {})).items).toMatchObject([{ id, problems: ["names-gone"] }]);
    await sql`update access_rule set users = ${JSON.stringify(naming("groups", "x"))}`.execute(door.db);
    expect((await door.call(admin, readAccessRule, { id })).problems).toEqual(["names-gone"]);
  });
});

describe("command groups", () => {
  test("are kept while a rule names them, and hold something", async () => {
    const made = await door.call(admin, createCommandGroup, { name: "Dangerous", commands: ["rm"] });
    const filter = await rule({ kind: "command", settings: { groupIds: [made.id] } });
    expect((await door.call(admin, listCommandGroups, {})).items).toMatchObject([{ id: made.id, rules: 1 }]);
    expect(await door.codeOf(door.call(admin, deleteCommandGroup, { id: made.id }))).toBe("conflict");
    expect(await door.codeOf(door.call(admin, updateCommandGroup, { id: made.id, version: 1, commands: [] }))).toBe(
      "invalid",
    );
    expect(await door.codeOf(door.call(admin, createCommandGroup, { name: "Empty" }))).toBe("invalid");
    expect(await door.codeOf(door.call(admin, createCommandGroup, { name: "dangerous", commands: ["x"] }))).toBe(
      "conflict",
    );
    await door.call(admin, deleteAccessRule, { id: filter.id });
    await door.call(admin, deleteCommandGroup, { id: made.id });
  });
});

describe("commands", () => {
  test("are judged in order, for the people, assets and accounts that a rule means", async () => {
    const group = (name: string, commands: string[]) => door.call(admin, createCommandGroup, { name, commands });
    const [danger, harmless] = [await group("Danger", ["rm"]), await group("Harmless", ["rm -i"])];
    const on = (id: string): Fields => ({ kind: "command", settings: { groupIds: [id] } });
    await rule({ name: "no rm", priority: 50, ...on(danger.id) });
    await rule({ name: "but asking", priority: 10, action: "accept", ...on(harmless.id) });
    await rule({ name: "bob", priority: 1, ...on(harmless.id), users: { type: "ids", ids: [bob.id] } });
    const ask = (line: string, person: Person = ann) =>
      door.call(admin, previewCommand, { userId: person.id, assetId: host.id, accountId: host.ids.root!, line });
    expect(await ask("sudo rm -rf /")).toMatchObject({ allowed: false, found: "rm", rule: { name: "no rm" } });
    expect(await ask("rm -i x")).toMatchObject({ allowed: true, rule: { name: "but asking" } });
    expect(await ask("rm -i x", bob)).toMatchObject({ allowed: false, rule: { name: "bob" } });
    expect(await ask("rmdir x")).toEqual({ allowed: true, found: null, rule: null });
    await sql`update access_rule set settings = '{}' where name = 'but asking'`.execute(door.db);
    expect(await ask("ls")).toMatchObject({ allowed: false, found: null, rule: { name: "but asking" } });
    expect(JSON.stringify(await door.events("access-rule.preview-command"))).not.toContain("sudo rm");
  });

  test("a review refuses", async () => {
    const { id } = await door.call(admin, createCommandGroup, { name: "Any", patterns: ["*"] });
    await rule({ kind: "command", action: "review", reviewerIds: [bob.id], settings: { groupIds: [id] } });
    const found = await door.call(admin, previewCommand, {
      userId: ann.id,
      assetId: host.id,
      accountId: host.ids.root!,
      line: "ls",
    });
    expect(found).toMatchObject({ allowed: false, found: "*" });
  });
});

describe("the preview", () => {
  const ask = (at: object = {}) =>
    door.call(admin, previewAccess, { userId: ann.id, assetId: host.id, accountId: host.ids.root!, ...at });

  test("tells how each rule stands to the question", async () => {
    await rule({ name: "off", priority: 1, active: false });
    await rule({ name: "bob", priority: 2, users: { type: "ids", ids: [bob.id] } });
    await rule({ name: "web", priority: 3, accounts: ["web"] });
    await rule({ name: "net", priority: 4, settings: { addresses: ["192.0.2.0/24"] } });
    await rule({ name: "it", priority: 5 });
    await rule({ name: "after", priority: 6 });
    const found = await ask({ address: "10.0.0.1", at: "2026-11-25T12:00:00Z" });
    expect(found.allowed).toBe(false);
    expect(found.message).toContain('The access rule "it"');
    expect(found.rules.map(({ name, standing }) => `${name} ${standing}`)).toEqual([
      "off inactive",
      "bob users",
      "web accounts",
      "net circumstances",
      "it decides",
      "after not-asked",
    ]);
    expect((await ask({ address: "192.0.2.9" })).message).toContain('"net"');
  });

  test("answers for nobody of another organization", async () => {
    const orgId = await door.organization(fresh("org"));
    const other = await door.person(fresh("other"), { orgId });
    expect(await door.codeOf(ask({ userId: other.id }))).toBe("not_found");
    expect(await door.codeOf(ask({ accountId: ann.id }))).toBe("not_found");
  });
});
