import { BlockList } from "node:net";
import { sql } from "kysely";
import type { z } from "zod";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { judgeConnections, methodOf, mustPass, refusalOf, warningsOf } from "../index.ts";
import { createAccessRule, listAccessRules, readAccessRule, updateAccessRule } from "../schema.ts";

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

interface At {
  person?: Person;
  account?: string;
  address?: string | null;
  method?: string;
  now?: string;
  approved?: string[];
}
async function verdict({ person = ann, account = "root", now = "2026-11-25T12:00:00Z", ...at }: At = {}) {
  const subject = { orgId: person.orgId, userId: person.id, assetId: host.id, accountId: host.ids[account]! };
  const connection = { address: "10.0.0.1", method: "ssh-client", ...subject, ...at };
  const [found] = await judgeConnections(door.db, [connection], new Date(now));
  return found!;
}
const passes = async (at: At = {}): Promise<boolean> => refusalOf(await verdict(at)) === null;

describe("which rule decides", () => {
  test("without a rule everything goes on", async () => {
    expect(await passes()).toBe(true);
  });

  test("the smaller priority is asked first and the first that fits decides; equal ones go by name", async () => {
    await rule({ name: "b reject", priority: 50 });
    expect(await passes()).toBe(false);
    const first = await rule({ name: "z accept", priority: 10, action: "accept" });
    expect(await passes()).toBe(true);
    await door.call(admin, updateAccessRule, { id: first.id, version: 1, priority: 50 });
    expect(await passes()).toBe(false);
    await door.call(admin, updateAccessRule, { id: first.id, version: 2, name: "a accept" });
    expect(await passes()).toBe(true);
  });

  test("an inactive rule is skipped", async () => {
    const made = await rule({ active: false });
    expect(await passes()).toBe(true);
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, active: true });
    expect(await passes()).toBe(false);
  });

  test("people, assets and accounts that it does not select are not hit", async () => {
    await rule({ users: { type: "ids", ids: [bob.id] } });
    await rule({ assets: { type: "attributes", all: [{ name: "name", match: "equals", value: "another" }] } });
    await rule({ accounts: ["WEB"] });
    expect([await passes(), await passes({ person: bob }), await passes({ account: "web" })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each([
    ["a login name", () => ({ users: { name: "loginName", match: "equals", value: ann.name.toUpperCase() } })],
    ["a group", async () => ({ users: { name: "groups", match: "any-of", value: [await rules.group(ann.id)] } })],
    [
      "a role",
      async () => {
        await sql`insert into role_binding (org_id, user_id, role_id) values (${ann.orgId}, ${ann.id}, 'auditor') on conflict do nothing`.execute(
          door.db,
        );
        return { users: { name: "roles", match: "any-of", value: ["auditor"] } };
      },
    ],
    ["the asset's network", () => ({ assets: { name: "host", match: "in-network", value: ["10.0.0.0/24"] } })],
    ["a protocol", () => ({ assets: { name: "protocols", match: "any-of", value: ["ssh"] } })],
    ["a node far above", () => ({ assets: { name: "nodes", match: "any-of", value: [rules.root] } })],
  ] as const)("is found by %s", async (_, selecting) => {
    const { users, assets } = (await selecting()) as Record<"users" | "assets", object | undefined>;
    const of = (condition: object | undefined) =>
      condition ? { type: "attributes", all: [condition] } : { type: "all" };
    await rule({ users: of(users), assets: of(assets) } as Fields);
    expect([await passes(), users ? await passes({ person: bob }) : true]).toEqual([false, true]);
  });

  test("addresses and times of the week decide at the moment, and the next change is told", async () => {
    await rule({
      settings: {
        addresses: ["10.0.0.0/8"],
        times: { zone: "Europe/Berlin", ranges: [{ day: "wednesday", from: "22:00", to: "06:00" }] },
      },
    });
    expect(await passes({ now: "2026-11-25T20:59:59Z" })).toBe(true);
    expect(await passes({ now: "2026-11-25T21:00:00Z" })).toBe(false);
    expect(await passes({ now: "2026-11-26T04:59:59Z" })).toBe(false);
    expect(await passes({ now: "2026-11-26T05:00:00Z" })).toBe(true);
    expect(await passes({ now: "2026-11-25T22:00:00Z", address: "192.0.2.1" })).toBe(true);
    expect(await passes({ now: "2026-11-25T22:00:00Z", address: "::ffff:10.1.1.1" })).toBe(false);
    expect(await passes({ now: "2026-11-25T22:00:00Z", address: null })).toBe(true);
    expect((await verdict()).nextChange).toBe(Date.parse("2026-11-25T21:00:00Z"));
    expect((await verdict({ now: "2026-11-25T21:00:00Z" })).nextChange).toBe(Date.parse("2026-11-26T05:00:00Z"));
  });

  test("a rule before it that fits another time changes the answer, and so is told", async () => {
    await rule({
      priority: 10,
      action: "accept",
      settings: { times: { zone: "UTC", ranges: [{ day: "wednesday", from: "08:00", to: "18:00" }] } },
    });
    await rule({ priority: 20 });
    expect([await passes(), await passes({ now: "2026-11-25T18:00:00Z" })]).toEqual([true, false]);
    expect((await verdict()).nextChange).toBe(Date.parse("2026-11-25T18:00:00Z"));
  });

  test("ways to connect are a kind of their own: what one kind accepts, the other still refuses", async () => {
    await rule({ kind: "connect-method", settings: { methods: ["web-terminal"] } });
    await rule({ action: "accept", priority: 1 });
    expect([await passes(), await passes({ method: "web-terminal" })]).toEqual([true, false]);
  });

  test("a key is no way around rules on ways to connect: its terminal is a web terminal", async () => {
    await rule({ kind: "connect-method", settings: { methods: ["web-terminal"] } });
    expect(await passes({ method: methodOf("api") })).toBe(false);
    await sql`update access_rule set settings = '{"methods": ["ssh-client"]}'`.execute(door.db);
    expect(await passes({ method: methodOf("api") })).toBe(true);
  });

  test("a way to connect that no rule can name is refused where there is an active rule on ways", async () => {
    const made = await rule({ kind: "connect-method", action: "accept", settings: { methods: ["web-terminal"] } });
    await rule({ kind: "connect", action: "accept", priority: 1 });
    expect(refusalOf(await verdict({ method: methodOf("job") }))).toContain("yours is none that rules know");
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, active: false });
    expect(await passes({ method: methodOf("job") })).toBe(true);
  });

  test("the clock matters to those alone whose address fits", async () => {
    const times = { zone: "UTC", ranges: [{ day: "monday", from: "08:00", to: "18:00" }] };
    await rule({ settings: { addresses: ["10.0.0.0/8"], times } });
    expect((await verdict({ address: "192.0.2.1" })).nextChange).toBeNull();
    expect((await verdict()).nextChange).toBe(Date.parse("2026-11-30T08:00:00Z"));
  });

  test("a rule's networks are read and its clock is asked once, however many connections are judged", async () => {
    const times = { zone: "UTC", ranges: [{ day: "wednesday", from: "08:00", to: "18:00" }] };
    await rule({ action: "accept", settings: { addresses: ["10.0.0.0/8"], times } });
    const subject = { orgId: ann.orgId, userId: ann.id, assetId: host.id, accountId: host.ids.root! };
    const connection = { ...subject, address: "10.0.0.1", method: "ssh-client" };
    const [clock, networks] = [
      vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts"),
      vi.spyOn(BlockList.prototype, "addSubnet"),
    ];
    const counted = async (count: number): Promise<number[]> => {
      for (const spy of [clock, networks]) spy.mockClear();
      await judgeConnections(door.db, Array(count).fill(connection), new Date("2026-11-25T12:00:00Z"));
      return [clock.mock.calls.length, networks.mock.calls.length];
    };
    const forOne = await counted(1);
    expect(forOne[0]).toBeGreaterThan(0);
    expect(forOne[1]).toBe(1);
    expect(await counted(50)).toEqual(forOne);
    vi.restoreAllMocks();
  });

  test("rules of another organization hit nobody here", async () => {
    const orgId = await door.organization(fresh("org"));
    const other = await door.person(fresh("other"), { orgId, roles: ["administrator"] });
    await door.call(other, createAccessRule, { kind: "connect", name: "all", action: "reject" });
    expect(await passes()).toBe(true);
    const here = { orgId: ann.orgId, userId: ann.id, assetId: host.id, accountId: host.ids.root! };
    const asked = [here, { ...here, orgId }].map((one) => ({ ...one, address: null, method: "ssh-client" }));
    const [own, elsewhere] = await judgeConnections(door.db, asked, new Date());
    expect([own && refusalOf(own), elsewhere]).toEqual([null, null]);
    await rule({ action: "accept" });
    const [still] = await judgeConnections(door.db, asked, new Date());
    expect(still && refusalOf(still)).toBeNull();
    expect(still?.standings).toHaveLength(1);
  });

  test("where the account is gone nothing passes", async () => {
    await rule({ action: "accept" });
    const subject = { orgId: ann.orgId, userId: ann.id, assetId: host.id, accountId: ann.id };
    const [found] = await judgeConnections(door.db, [{ ...subject, address: null, method: "ssh-client" }], new Date());
    expect(found).toBeNull();
    expect(() => mustPass(found)).toThrow("Look at your assets again");
  });
});

describe("what a rule does", () => {
  test("reject names the rule and whom to ask, with its own words", async () => {
    await rule({ name: "No night work", notice: "Nights are quiet.", reviewerIds: [bob.id] });
    expect(refusalOf(await verdict())).toBe(
      `The access rule "No night work" does not let you connect like this here and now. Nights are quiet. Ask ${bob.name}.`,
    );
    await expect((async () => mustPass(await verdict()))()).rejects.toMatchObject({ code: "denied" });
  });

  test("warn lets it go on and says its words", async () => {
    await rule({ action: "warn", notice: "This is production." });
    const found = await verdict();
    expect([refusalOf(found), warningsOf(found)]).toEqual([null, ["This is production."]]);
  });

  test("notify lets it go on and names whom to tell", async () => {
    await rule({ action: "notify", reviewerIds: [bob.id] });
    const found = await verdict();
    expect([refusalOf(found), found.notify.map(({ reviewers }) => reviewers)]).toEqual([
      null,
      [[{ id: bob.id, name: bob.name }]],
    ]);
  });

  test("a review refuses unless it was approved", async () => {
    const made = await rule({ action: "review", reviewerIds: [bob.id] });
    expect([await passes(), await passes({ approved: [made.id] }), await passes({ approved: [ann.id] })]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("a review whose reviewers are disabled, expired or gone denies, and is shown as such", async () => {
    const made = await rule({ action: "review", reviewerIds: [bob.id] });
    expect(made.problems).toEqual([]);
    await sql`update users set active = false where id = ${bob.id}`.execute(door.db);
    expect((await verdict()).refusal?.why).toBe("no-reviewers");
    expect((await door.call(admin, readAccessRule, { id: made.id })).problems).toEqual(["no-reviewers"]);
    await sql`update users set active = true, expires_at = now() - interval '1 hour' where id = ${bob.id}`.execute(
      door.db,
    );
    expect((await verdict()).refusal?.why).toBe("no-reviewers");
    await sql`update users set expires_at = null where id = ${bob.id}`.execute(door.db);
    expect((await verdict()).refusal).toBeNull();
    const leaver = await rules.newPerson("leaver");
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, reviewerIds: [leaver.id] });
    await sql`delete from membership where user_id = ${leaver.id}`.execute(door.db);
    expect((await verdict()).refusal?.why).toBe("no-reviewers");
  });

  test.each([
    ["settings", sql`settings = '{"addresses": ["nonsense"]}'`],
    ["people", sql`users = '{"type": "attributes", "all": [{"name": "shoe", "match": "equals", "value": "x"}]}'`],
    ["an action of another kind", sql`action = 'mask'`],
  ])("a rule that cannot be read (%s) refuses everybody, until it is switched off", async (_, change) => {
    const made = await rule({ action: "accept" });
    await sql`update access_rule set ${change} where id = ${made.id}`.execute(door.db);
    expect((await verdict()).refusal?.why).toBe("unreadable");
    expect((await door.call(admin, listAccessRules, {})).items[0]?.problems).toContain("unreadable");
    await door.call(admin, updateAccessRule, { id: made.id, version: 1, active: false });
    expect(await passes()).toBe(true);
  });
});
