import { sql } from "kysely";
import type { z } from "zod";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { browser, codeOf, enrolTotp, freshAddress, withPassword } from "../../../test/security/way-in.ts";
import type { Actor } from "../../core/index.ts";
import { readSettings, updateSettings } from "../../platform/schema.ts";
import { switchOffSignInRules } from "../index.ts";
import {
  createGroup,
  createMyApiKey,
  createSignInRule,
  deleteGroup,
  deleteSignInRule,
  listSignInRules,
  previewSignIn,
  readSignInRule,
  reorderSignInRules,
  updateSignInRule,
} from "../schema.ts";

type Person = Actor & { id: string; orgId: string };
let door: Door;
let site: Person;
let ann: Person;
let count = 0;

beforeAll(async () => {
  door = await openDoor();
  site = await door.person("site", { roles: ["system-administrator", "administrator"] });
});
beforeEach(async () => {
  ann = await door.person(`ann-${++count}`, { roles: ["auditor"] });
  await withPassword(door, ann.id);
});
afterEach(async () => void (await sql`delete from sign_in_rule`.execute(door.db)));
afterAll(() => door.close());

type Fields = Partial<z.input<typeof createSignInRule.input>>;
const onlyAnn = (): Fields["users"] => ({ type: "ids", ids: [ann.id] });
const rule = (fields: Fields = {}, actor: Actor = site) =>
  door.call(actor, createSignInRule, { name: `rule-${++count}`, action: "reject", users: onlyAnn(), ...fields });
const outcome = (work: Promise<unknown>): Promise<string> => door.codeOf(work);
const signIn = (address?: string) => browser(door, address).signIn(ann.name);

describe("who proved who they are", () => {
  test("and is rejected comes in neither at the console nor over SSH, and reads which rule and what to do", async () => {
    expect(await outcome(signIn())).toBe("ok");
    await rule({ name: "Office only", notice: "Call 100." });
    await expect(signIn()).rejects.toMatchObject({
      code: "denied",
      message: 'The sign-in rule "Office only" does not let you sign in like this here and now. Call 100.',
    });
    const way = door.iam.sshWayIn(freshAddress());
    const over = way.withPassword({ loginName: ann.name, password: "correct horse battery" });
    await expect(over).rejects.toMatchObject({ code: "denied" });
  });

  test("whoever does not know the password learns nothing of the rule", async () => {
    await rule();
    await expect(browser(door).signIn(ann.name, "wrong")).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test("a rule that comes between the first proof and the second keeps out, too", async () => {
    const { secret } = await enrolTotp(door, ann.name);
    const window = browser(door);
    expect(await window.signIn(ann.name)).toMatchObject({ step: "second-factor" });
    await rule();
    await window.begin("totp").catch(() => {});
    expect(await outcome(window.answer("totp", codeOf(secret)))).toBe("denied");
    expect(await window.isIn()).toBe(false);
  });

  test("addresses and times of the week decide at the moment", async () => {
    await rule({ addresses: ["10.77.0.0/16"] });
    expect([await outcome(signIn("10.77.200.1")), await outcome(signIn("192.0.2.1"))]).toEqual(["denied", "ok"]);
    expect(await outcome(signIn("::ffff:10.77.200.2"))).toBe("denied");
    await sql`delete from sign_in_rule`.execute(door.db);
    const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
    const today = days[new Date().getUTCDay()]!;
    const tomorrow = days[(new Date().getUTCDay() + 2) % 7]!;
    const made = await rule({ times: { zone: "UTC", ranges: [{ day: tomorrow, from: "00:00", to: "24:00" }] } });
    expect(await outcome(signIn())).toBe("ok");
    const ranges = [today, days[(days.indexOf(today) + 1) % 7]!].map((day) => ({ day, from: "00:00", to: "24:00" }));
    await door.call(site, updateSignInRule, { id: made.id, version: 1, times: { zone: "UTC", ranges } });
    expect(await outcome(signIn())).toBe("denied");
  });

  test("the first active rule that fits decides: by priority, then by name", async () => {
    await rule({ name: "m" });
    const accept = await rule({ name: "z", action: "accept" });
    expect(await outcome(signIn())).toBe("denied");
    await door.call(site, updateSignInRule, { id: accept.id, version: 1, priority: 49 });
    expect(await outcome(signIn())).toBe("ok");
    await door.call(site, updateSignInRule, { id: accept.id, version: 2, active: false });
    expect(await outcome(signIn())).toBe("denied");
    await door.call(site, updateSignInRule, { id: accept.id, version: 3, active: true, priority: 50, name: "a" });
    expect(await outcome(signIn())).toBe("ok");
  });

  test.each([
    ["a login name", () => ({ name: "loginName", match: "equals", value: ann.name })],
    ["a role", () => ({ name: "roles", match: "any-of", value: ["auditor"] })],
    ["an organization", () => ({ name: "organizations", match: "any-of", value: [ann.orgId] })],
    ["a source", () => ({ name: "source", match: "any-of", value: ["password"] })],
    ["the kind", () => ({ name: "kind", match: "equals", value: "person" })],
  ] as const)("is found by %s", async (_, condition) => {
    await rule({ name: "site", priority: 1, action: "accept", users: { type: "ids", ids: [site.id] } });
    await rule({ users: { type: "attributes", all: [condition()] } } as unknown as Fields);
    expect(await outcome(signIn())).toBe("denied");
  });

  test("a review denies: nobody can approve yet, or nobody is left to", async () => {
    const made = await rule({ action: "review", reviewerIds: [site.id] });
    expect(await outcome(signIn())).toBe("denied");
    await sql`delete from sign_in_rule_reviewer`.execute(door.db);
    expect(await outcome(signIn())).toBe("denied");
    expect((await door.call(site, readSignInRule, { id: made.id })).problems).toEqual(["no-reviewers"]);
  });

  test("a rule that cannot be read keeps everybody out until it is switched off on the machine", async () => {
    await rule({ action: "accept" });
    await sql`update sign_in_rule set users = '{"type": "attributes", "all": [{"name": "shoe"}]}'`.execute(door.db);
    expect(await outcome(signIn())).toBe("denied");
    expect(await switchOffSignInRules(door.runtime)).toHaveLength(1);
    expect(await outcome(signIn())).toBe("ok");
    expect((await door.events("sign-in-rule.update")).at(-1)).toMatchObject({
      actor_name: "system",
      fields: { onMachine: true },
    });
  });

  test("an API key does not count where its user could not sign in", async () => {
    const proved = { signIn: new Date(), password: new Date(), secondFactor: null };
    const { secret } = await door.call({ ...ann, proved }, createMyApiKey, { name: "k", scopes: ["me.read"] });
    const bear = (address: string) =>
      door.codeOf(door.iam.identify({ token: null, bearer: secret, address, via: "api" }));
    await rule({ addresses: ["192.0.2.0/24"] });
    expect([await bear("192.0.2.7"), await bear("10.9.9.9")]).toEqual(["unauthenticated", "ok"]);
  });
});

describe("a rule that tells", () => {
  const waiting = async (): Promise<number> =>
    (await door.db.selectFrom("notification").select("id").where("template", "=", "sign-in-rule-notice").execute())
      .length;

  test("mails its reviewers once for each sign-in that is complete, where mail is set up", async () => {
    await rule({ action: "notify", reviewerIds: [site.id] });
    const before = await waiting();
    await signIn();
    expect(await waiting()).toBe(before);
    const { version } = await door.call(site, readSettings, { key: "mail" });
    const values = { host: "localhost", port: 2525, fromAddress: "gate@example.org" };
    await door.call(site, updateSettings, { key: "mail", version, values });
    await signIn();
    expect(await waiting()).toBe(before + 1);
  });
});

describe("saving", () => {
  test("whoever would keep themselves out is refused, and nothing is saved", async () => {
    const all = { users: { type: "all" } } as const;
    await expect(rule({ ...all, name: "Everybody" })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/you could not sign in again yourself: the sign-in rule "Everybody"/),
    });
    expect((await door.call(site, listSignInRules, {})).items).toEqual([]);
    expect(await outcome(rule({ ...all, addresses: ["10.0.0.0/8"] }))).toBe("conflict");
    expect(await outcome(rule({ ...all, action: "review", reviewerIds: [ann.id] }))).toBe("conflict");
    const elsewhere = await rule({ ...all, addresses: ["192.0.2.0/24"] });
    const tries = [
      door.call(site, updateSignInRule, { id: elsewhere.id, version: 1, addresses: [] }),
      door.call(site, updateSignInRule, { id: elsewhere.id, version: 1, addresses: ["10.0.0.1"] }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(["conflict", "conflict"]);
  });

  test("taking away or putting last what let oneself in is refused", async () => {
    const accept = await rule({ priority: 1, action: "accept", users: { type: "ids", ids: [site.id] } });
    const reject = await rule({ priority: 50, users: { type: "all" } });
    const tries = [
      door.call(site, deleteSignInRule, { id: accept.id }),
      door.call(site, updateSignInRule, { id: accept.id, version: 1, active: false }),
      door.call(site, reorderSignInRules, { rules: [{ id: accept.id, version: 1, priority: 60 }] }),
      door.call(site, reorderSignInRules, {
        rules: [
          { id: reject.id, version: 1, priority: 1 },
          { id: accept.id, version: 1, priority: 2 },
        ],
      }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(Array(4).fill("conflict"));
    expect(await outcome(signIn())).toBe("denied");
    await door.call(site, deleteSignInRule, { id: reject.id });
    await door.call(site, deleteSignInRule, { id: accept.id });
  });

  test.each([
    ["an unknown action", { action: "warn" }],
    ["a review without reviewers", { action: "review" }],
    ["a notice to nobody", { action: "notify" }],
    ["an empty selector", { users: { type: "ids", ids: [] } }],
    [
      "an attribute that is none",
      { users: { type: "attributes", all: [{ name: "passwordHash", match: "contains", value: "x" }] } },
    ],
    ["an address that is none", { addresses: ["10.0.0.0/33"] }],
    ["times of nothing", { times: { zone: "UTC", ranges: [] } }],
    ["a priority of 0", { priority: 0 }],
  ])("%s is refused", async (_, fields) => {
    expect(await outcome(rule(fields as Fields))).toBe("invalid");
  });

  test("a name is there once, a reviewer must exist, and who saves second gets a conflict", async () => {
    const made = await rule({ name: "One" });
    expect(await outcome(rule({ name: "ONE" }))).toBe("conflict");
    expect(await outcome(rule({ action: "notify", reviewerIds: ["00000000-0000-7000-8000-0000000000ff"] }))).toBe(
      "not_found",
    );
    await door.call(site, updateSignInRule, { id: made.id, version: 1, comment: "first" });
    const second = door.call(site, updateSignInRule, { id: made.id, version: 1, comment: "second" });
    await expect(second).rejects.toMatchObject({ code: "conflict", details: { current: { comment: "first" } } });
  });

  test("a group stays while an active rule names it", async () => {
    const group = await door.call(site, createGroup, { name: `group-${++count}`, userIds: [] });
    const users = {
      type: "attributes" as const,
      all: [{ name: "groups", match: "any-of" as const, value: [group.id] }],
    };
    const { id } = await rule({ name: "Not the group", users });
    const take = () => door.call(site, deleteGroup, { id: group.id });
    await expect(take()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining('The sign-in rule "Not the group" names this group'),
    });
    expect((await door.call(site, updateSignInRule, { id, version: 1, active: false })).problems).toEqual([]);
    await take();
    expect((await door.call(site, readSignInRule, { id })).problems).toEqual(["names-gone"]);
  });

  test("an administrator of an organization, who is none of the site, sees and changes nothing", async () => {
    const admin = await door.person(`admin-${++count}`, { roles: ["administrator"] });
    const made = await rule();
    const tries = [
      rule({}, admin),
      door.call(admin, listSignInRules, {}),
      door.call(admin, readSignInRule, { id: made.id }),
      door.call(admin, updateSignInRule, { id: made.id, version: 1, active: false }),
      door.call(admin, deleteSignInRule, { id: made.id }),
      door.call(admin, reorderSignInRules, { rules: [{ id: made.id, version: 1, priority: 1 }] }),
      door.call(admin, previewSignIn, { userId: ann.id }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(Array(7).fill("denied"));
  });
});

test("the preview tells how each rule stands to a person, an address and a time", async () => {
  await rule({ name: "off", priority: 1, active: false });
  await rule({ name: "other", priority: 2, users: { type: "ids", ids: [site.id] }, addresses: ["192.0.2.1"] });
  await rule({ name: "net", priority: 3, addresses: ["192.0.2.0/24"] });
  await rule({ name: "it", priority: 4 });
  const found = await door.call(site, previewSignIn, { userId: ann.id, address: "10.0.0.1" });
  expect([found.allowed, found.rules.map(({ name, standing }) => `${name} ${standing}`)]).toEqual([
    false,
    ["off inactive", "other users", "net circumstances", "it decides"],
  ]);
});
