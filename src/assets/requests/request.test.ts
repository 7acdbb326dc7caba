import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { Fault, newId, systemActor } from "../../core/index.ts";
import { violated } from "../../db/index.ts";
import { addGroupMembers, removeGroupMembers } from "../../iam/schema.ts";
import {
  approveTicket,
  cancelTicket,
  readMyTicket,
  rejectTicket,
  updateOrganizationSettings,
} from "../../platform/schema.ts";
import {
  type AccessBody,
  createRequestRule,
  deleteRequestRule,
  listGrants,
  listRequestable,
  readRequestOptions,
  requestAccess,
  updateAsset,
  updateRequestRule,
} from "../schema.ts";

let rules: Rules;
let { door, admin, root, asset, node, group, fresh, may } = {} as Rules;
let ann: Person;
let bob: Person;
let cleo: Person;
type Asset = Awaited<ReturnType<Rules["asset"]>>;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, root, asset, node, group, fresh, may } = rules);
});
beforeEach(async () => {
  await sql`delete from request_rule`.execute(door.db);
  await sql`delete from access_grant`.execute(door.db);
  await sql`delete from ticket`.execute(door.db);
  await sql`delete from setting`.execute(door.db);
  door.clock.aheadMs = 0;
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
  cleo = await rules.newPerson("cleo");
});
afterAll(() => door.close());

const requestRule = (fields: object = {}) =>
  door.call(admin, createRequestRule, {
    name: fresh("request-rule"),
    forEverybody: true,
    coversEverything: true,
    reviewerUserIds: [bob.id],
    longestMinutes: 480,
    ...fields,
  });
const ask = (wish: object = {}, person: Person = ann) =>
  door.call(person, requestAccess, { accounts: ["root"], minutes: 60, reason: "An outage", ...wish });
const faultOf = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("It was let through")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error as Error)),
  );
const bodyOf = async (id: string): Promise<AccessBody> =>
  (await door.call(bob, readMyTicket, { id })).body as AccessBody;
const approve = (id: string, body?: object, person: Person = bob) =>
  door.call(person, approveTicket, { id, ...(body && { body: body as Record<string, unknown> }) });
const mayNow = (person: Person, to: Asset, wish: { account?: string; action?: "connect" | "upload" } = {}) =>
  may(person, to, { ...wish, now: new Date(Date.now() + door.clock.aheadMs) });

describe("an approved request", () => {
  test("makes a rule of its own that holds from the approval on, for what was asked for, and is over after its span", async () => {
    await requestRule();
    const [mine, other] = [await asset([], ["root", "web"]), await asset()];
    const { id, reviewers } = await ask({ assetIds: [mine.id], accounts: ["root"], actions: ["connect"] });
    expect(reviewers).toEqual([{ id: bob.id, name: bob.name }]);
    expect(await mayNow(ann, mine)).toBe(false);
    door.clock.aheadMs = 3_600_000;
    await approve(id);
    expect([
      await mayNow(ann, mine),
      await mayNow(ann, mine, { account: "web" }),
      await mayNow(ann, mine, { action: "upload" }),
      await mayNow(ann, other),
      await mayNow(cleo, mine),
    ]).toEqual([true, false, false, false, false]);
    const { items } = await door.call(admin, listGrants, {});
    expect(items).toMatchObject([
      { ticketId: id, users: [{ id: ann.id }], assets: [{ id: mine.id }], ineffective: [] },
    ]);
    expect(items[0]?.comment).toContain(`Approved by ${bob.name}. An outage`);
    door.clock.aheadMs = 2 * 3_600_000 + 1000;
    expect(await mayNow(ann, mine)).toBe(false);
    expect((await door.call(admin, listGrants, {})).items[0]?.ineffective).toEqual(["expired"]);
  });

  test("for a node covers what lies below it, also what is added later; with a start it holds from then on", async () => {
    await requestRule();
    const place = await node();
    const inside = await asset([place]);
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await ask({ nodeIds: [place], startsAt, minutes: 30 });
    await approve(id);
    expect(await mayNow(ann, inside)).toBe(false);
    door.clock.aheadMs = 3_600_000 + 60_000;
    expect(await mayNow(ann, inside)).toBe(true);
    expect(await mayNow(ann, await asset([place]))).toBe(true);
    door.clock.aheadMs = 3_600_000 + 31 * 60_000;
    expect(await mayNow(ann, inside)).toBe(false);
  });

  test("is the only thing that opens: rejected, expired and undecided ones make no rule, and a rule of a request always ends", async () => {
    await requestRule();
    const mine = await asset();
    const rejected = await ask({ assetIds: [mine.id] });
    await door.call(bob, rejectTicket, { id: rejected.id });
    const late = await ask({ assetIds: [mine.id] });
    door.clock.aheadMs = 25 * 3_600_000;
    expect((await faultOf(approve(late.id))).message).toContain("expired");
    expect((await door.call(admin, listGrants, {})).items).toEqual([]);
    const endless = sql`insert into access_grant (id, org_id, name, ticket_id) values (${newId()}, ${admin.orgId}, 'endless', ${late.id})`;
    expect(await endless.execute(door.db).then(() => "let through", violated)).toBe("grant_of_a_request_ends");
  });

  test("is refused when its time is over, or nothing of it is there any more", async () => {
    await requestRule();
    const mine = await asset();
    const startsAt = new Date(Date.now() + 60_000).toISOString();
    const { id } = await ask({ assetIds: [mine.id], startsAt, minutes: 5 });
    door.clock.aheadMs = 7 * 60_000;
    expect((await faultOf(approve(id))).code).toBe("conflict");
    door.clock.aheadMs = 0;
    const gone = await ask({ assetIds: [mine.id] });
    await sql`delete from account where asset_id = ${mine.id}`.execute(door.db);
    await sql`delete from asset where id = ${mine.id}`.execute(door.db);
    expect((await faultOf(approve(gone.id))).message).toContain("Nothing of what was asked for");
    expect((await door.call(admin, listGrants, {})).items).toEqual([]);
  });
});

test("the rule of a request is removed 30 days after its end, and its request stays", async () => {
  await requestRule();
  const mine = await asset();
  const { id } = await ask({ assetIds: [mine.id] });
  await approve(id);
  await rules.rule({ userIds: [ann.id], assetIds: [mine.id], expiresAt: new Date(Date.now() + 60_000).toISOString() });
  const sweep = async (days: number): Promise<number> => {
    door.clock.aheadMs = days * 86_400_000;
    const { kinds } = door.assets.work;
    const working = await door.platform.work({ kinds, schedules: [], templates: [], receiverOf: door.receiverOf });
    const job = await door.platform.startJob(door.db, systemActor(null), kinds[0]!, {});
    const ended = () => door.db.selectFrom("job").select("state").where("id", "=", job).executeTakeFirst();
    await expect.poll(async () => (await ended())?.state, { timeout: 8000, interval: 20 }).toBe("done");
    await working.stop();
    return (await door.call(admin, listGrants, {})).items.length;
  };
  expect([await sweep(29), await sweep(31)]).toEqual([2, 1]);
  expect((await door.events("grant.sweep")).map(({ target_kind }) => target_kind)).toEqual(["grant"]);
  expect((await door.call(bob, readMyTicket, { id })).state).toBe("approved");
});

describe("an approval is refused once the request rule", () => {
  test.each<
    [string, (rule: { id: string; version: number }, place: { team: string; mine: Asset }) => Promise<unknown>]
  >([
    ["is deleted", ({ id }) => door.call(admin, deleteRequestRule, { id })],
    ["is switched off", (rule) => door.call(admin, updateRequestRule, { ...rule, active: false })],
    ["names the asker no more", (_, { team }) => door.call(admin, removeGroupMembers, { id: team, userIds: [ann.id] })],
    [
      "covers the asset no more",
      async (rule) => door.call(admin, updateRequestRule, { ...rule, assetIds: [(await asset()).id] }),
    ],
    [
      "comes after another that decides about it",
      (_, { mine }) => requestRule({ priority: 1, coversEverything: false, assetIds: [mine.id] }),
    ],
  ])("%s, and the request still waits", async (_, change) => {
    const [team, mine] = [await group(ann.id), await asset()];
    const askers = { forEverybody: false, askerGroupIds: [team] };
    const { id: ruleId, version } = await requestRule({ ...askers, coversEverything: false, assetIds: [mine.id] });
    const { id } = await ask({ assetIds: [mine.id] });
    await change({ id: ruleId, version }, { team, mine });
    const fault = await faultOf(approve(id));
    expect([fault.code, fault.message]).toEqual(["conflict", expect.stringContaining("any more. Reject the request")]);
    expect([await mayNow(ann, mine), (await door.call(bob, readMyTicket, { id })).state]).toEqual([false, "pending"]);
  });
});

describe("a reviewer may narrow, and never widen", () => {
  test("fewer assets, accounts and actions, and less time", async () => {
    await requestRule();
    const [one, two] = [await asset([], ["root", "web"]), await asset([], ["root", "web"])];
    const wish = { assetIds: [one.id, two.id], accounts: ["root", "web"], actions: ["connect", "upload"] };
    const { id } = await ask(wish);
    const body = await bodyOf(id);
    const assets = body.assets.filter((row) => row.id === two.id);
    const ticket = await approve(id, { ...body, assets, accounts: ["web"], actions: ["connect"], minutes: 10 });
    expect(ticket.given).toMatchObject({
      assets: [{ id: two.id }],
      accounts: ["web"],
      actions: ["connect"],
      minutes: 10,
    });
    expect([
      await mayNow(ann, two, { account: "web" }),
      await mayNow(ann, two, { account: "web", action: "upload" }),
      await mayNow(ann, two),
      await mayNow(ann, one, { account: "web" }),
    ]).toEqual([true, false, false, false]);
    door.clock.aheadMs = 11 * 60_000;
    expect(await mayNow(ann, two, { account: "web" })).toBe(false);
  });

  test.each([
    [
      "another asset",
      (body: AccessBody, other: string) => ({ ...body, assets: [...body.assets, { id: other, name: "x" }] }),
    ],
    ["a node", (body: AccessBody) => ({ ...body, nodes: [{ id: root, name: "x" }] })],
    ["another account", (body: AccessBody) => ({ ...body, accounts: ["root", "admin"] })],
    ["another action", (body: AccessBody) => ({ ...body, actions: ["connect", "delete"] })],
    ["more time", (body: AccessBody) => ({ ...body, minutes: 61 })],
    ["another start", (body: AccessBody) => ({ ...body, startsAt: "2030-01-01T00:00:00.000Z" })],
    ["nothing at all", (body: AccessBody) => ({ ...body, assets: [], nodes: [] })],
    ["no account", (body: AccessBody) => ({ ...body, accounts: [] })],
  ])("%s is refused, and the request still waits", async (_, change) => {
    await requestRule();
    const [mine, other] = [await asset(), await asset()];
    const { id } = await ask({ assetIds: [mine.id] });
    expect((await faultOf(approve(id, change(await bodyOf(id), other.id)))).code).toBe("invalid");
    expect((await door.call(bob, readMyTicket, { id })).state).toBe("pending");
  });

  test("what else stands in the body is not taken from the reviewer", async () => {
    await requestRule();
    const mine = await asset();
    const { id } = await ask({ assetIds: [mine.id] });
    const body = await bodyOf(id);
    const renamed = {
      ...body,
      rule: { id: newId(), name: "mine" },
      assets: [{ id: mine.id, name: "evil" }],
      minutes: 30,
    };
    expect((await approve(id, renamed)).given).toEqual({ ...body, minutes: 30 });
  });
});

describe("who decides", () => {
  test("comes from the first rule by priority that names the asker; nobody asks where no rule does", async () => {
    const team = await group(ann.id);
    const [place, mine] = [await node(), await asset()];
    const inside = await asset([place]);
    await requestRule({ forEverybody: false, askerGroupIds: [team], priority: 20, reviewerUserIds: [cleo.id] });
    const strict = { forEverybody: false, askerUserIds: [ann.id], coversEverything: false, nodeIds: [place] };
    await requestRule({ ...strict, priority: 10 });
    await requestRule({ priority: 5, active: false, reviewerUserIds: [admin.id] });
    expect((await ask({ assetIds: [inside.id] })).reviewers.map(({ id }) => id)).toEqual([bob.id]);
    expect((await ask({ assetIds: [mine.id] })).reviewers.map(({ id }) => id)).toEqual([cleo.id]);
    expect((await faultOf(ask({ assetIds: [mine.id] }, bob))).code).toBe("not_found");
    await door.call(admin, removeGroupMembers, { id: team, userIds: [ann.id] });
    expect((await faultOf(ask({ assetIds: [mine.id] }))).message).toContain("no rule lets you ask for it");
  });

  test("a stricter rule is not passed by: not together with something else, and not through a node around it", async () => {
    const outer = await node();
    const inner = await node(outer);
    const [strictOne, lax] = [await asset([inner]), await asset([outer])];
    await requestRule({ priority: 10, coversEverything: false, nodeIds: [inner] });
    await requestRule({ priority: 20, reviewerUserIds: [cleo.id] });
    expect((await faultOf(ask({ assetIds: [strictOne.id, lax.id] }))).message).toContain("one by one");
    expect((await faultOf(ask({ nodeIds: [outer] }))).message).toContain("part of this node");
    expect((await ask({ nodeIds: [inner] })).reviewers.map(({ id }) => id)).toEqual([bob.id]);
    // The same asset, in a node that has nothing to do with the strict rule.
    const beside = await node();
    await door.call(admin, updateAsset, { id: strictOne.id, version: strictOne.version, nodeIds: [inner, beside] });
    expect((await faultOf(ask({ nodeIds: [beside] }))).message).toContain("part of this node");
  });

  test("is never the asker: the only reviewer cannot ask, one of two can and the other decides", async () => {
    await requestRule({ reviewerUserIds: [ann.id] });
    const mine = await asset();
    expect((await faultOf(ask({ assetIds: [mine.id] }))).code).toBe("denied");
    await requestRule({ priority: 1, reviewerUserIds: [ann.id, bob.id] });
    const { id, reviewers } = await ask({ assetIds: [mine.id] });
    expect(reviewers.map((one) => one.id)).toEqual([bob.id]);
    expect((await faultOf(approve(id, undefined, ann))).code).toBe("denied");
    expect(await mayNow(ann, mine)).toBe(false);
  });

  test("is frozen when it is asked: who joins the reviewers later does not decide, who is disabled neither", async () => {
    const team = await group(bob.id);
    await requestRule({ reviewerUserIds: [], reviewerGroupIds: [team] });
    const mine = await asset();
    const { id } = await ask({ assetIds: [mine.id] });
    await door.call(admin, addGroupMembers, { id: team, userIds: [cleo.id] });
    expect((await faultOf(approve(id, undefined, cleo))).code).toBe("not_found");
    await sql`update users set active = false where id = ${bob.id}`.execute(door.db);
    expect((await faultOf(approve(id))).code).toBe("denied");
    expect(await mayNow(ann, mine)).toBe(false);
  });
});

describe("what may be asked for", () => {
  test("is one's own organization's alone, also where a rule there covers everything", async () => {
    const orgId = await door.organization(fresh("Other"));
    const boss = await door.person(fresh("boss"), { orgId, roles: ["administrator"] });
    const stranger = await door.person(fresh("stranger"), { orgId });
    const everything = { forEverybody: true, coversEverything: true, reviewerUserIds: [boss.id] };
    await door.call(boss, createRequestRule, { name: "all", ...everything });
    const version = 0;
    const values = { namesAreShown: true };
    await door.call(boss, updateOrganizationSettings, { key: "access-requests", version, values });
    const [mine, place] = [await asset(), await node()];
    expect((await faultOf(ask({ assetIds: [mine.id] }, stranger))).code).toBe("not_found");
    expect((await faultOf(ask({ nodeIds: [place] }, stranger))).code).toBe("not_found");
    expect((await door.call(stranger, listRequestable, {})).items).toEqual([]);
    const nodes = (await door.call(stranger, listRequestable, { what: "node" })).items;
    expect(nodes.map(({ name }) => name)).toEqual(["All assets"]);
    const foreign = { name: fresh("foreign"), ...everything };
    expect((await faultOf(door.call(admin, createRequestRule, foreign))).code).toBe("not_found");
  });

  test("lasts no longer than the rule and the organization allow, and does not begin in the past", async () => {
    await requestRule({ longestMinutes: 600 });
    const mine = await asset();
    const at = (minutes: number, more: object = {}) => faultOf(ask({ assetIds: [mine.id], minutes, ...more }));
    expect((await at(601)).message).toContain("at most 600 minutes");
    const values = { longestHours: 2 };
    await door.call(admin, updateOrganizationSettings, { key: "access-requests", version: 0, values });
    expect((await at(121)).message).toContain("at most 120 minutes");
    await ask({ assetIds: [mine.id], minutes: 120 });
    const [passed, far] = [new Date(Date.now() - 3_700_000), new Date(Date.now() + 91 * 86_400_000)];
    expect((await at(60, { startsAt: passed.toISOString() })).message).toContain("is over");
    expect((await at(60, { startsAt: far.toISOString() })).message).toContain("90 days");
    expect((await faultOf(ask({}))).message).toContain("name an asset");
  });

  test("is told in the same words whether it does not exist, is another organization's, is switched off or is under no rule", async () => {
    const [mine, hidden, off] = [await asset(), await asset(), await asset()];
    await door.call(admin, updateAsset, { id: off.id, version: off.version, active: false });
    await requestRule({ coversEverything: false, assetIds: [mine.id, off.id] });
    const stranger = await door.person(fresh("stranger"), { orgId: await door.organization(fresh("Other")) });
    const faults = [
      await faultOf(ask({ assetIds: [hidden.id] })),
      await faultOf(ask({ assetIds: [newId()] })),
      await faultOf(ask({ assetIds: [off.id] })),
      await faultOf(ask({ assetIds: [mine.id, hidden.id] })),
      await faultOf(ask({ nodeIds: [root] })),
      await faultOf(ask({ assetIds: [mine.id] }, stranger)),
    ];
    expect(new Set(faults.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
  });

  test("is found by the whole name alone, not by the address, and only where a rule lets one ask; by a part when the organization shows names", async () => {
    const [mine, hidden] = [await asset(), await asset()];
    const place = await node();
    await requestRule({ coversEverything: false, assetIds: [mine.id], nodeIds: [place] });
    const find = async (search: string | undefined, more: object = {}) =>
      (await door.call(ann, listRequestable, { search, ...more })).items.map(({ id }) => id);
    expect(await find(mine.name.toUpperCase())).toEqual([mine.id]);
    expect(await find("10.0.0.1")).toEqual([]);
    expect([await find(mine.name.slice(0, -1)), await find(hidden.name), await find(undefined)]).toEqual([[], [], []]);
    expect(await find(undefined, { breakGlass: "true" })).toEqual([]);
    expect(await find(undefined, { what: "node" })).toEqual([]);
    const values = { namesAreShown: true };
    await door.call(admin, updateOrganizationSettings, { key: "access-requests", version: 0, values });
    expect(await find(mine.name.slice(0, -1))).toEqual([mine.id]);
    expect(await find("10.0.0.1")).toEqual([mine.id]);
    expect(await find(undefined)).toEqual([mine.id]);
    expect(await find(undefined, { what: "node" })).toEqual([place]);
    expect(await door.call(ann, readRequestOptions, {})).toMatchObject({ mayAsk: true, mayBreakGlass: false });
  });

  test("waits twenty at a time, whoever tries at the same moment", async () => {
    await requestRule();
    const mine = await asset();
    const tries = await Promise.allSettled(Array.from({ length: 24 }, () => ask({ assetIds: [mine.id] })));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    expect((await faultOf(ask({ assetIds: [mine.id] }))).code).toBe("too_many");
  });

  test("is asked thirty times an hour, also by who takes everything back, and again when the first is an hour old", async () => {
    await requestRule();
    const mine = await asset();
    const first = Date.now();
    for (let times = 0; times < 30; times++) {
      const { id } = await ask({ assetIds: [mine.id] });
      await door.call(ann, cancelTicket, { id });
    }
    const fault = await faultOf(ask({ assetIds: [mine.id] }));
    expect([fault.code, fault.message]).toEqual(["too_many", expect.stringMatching(/Try again at 20.+ UTC/)]);
    const said = Date.parse(/at (.+) UTC/.exec(fault.message)![1]!.replace(" ", "T").concat("Z"));
    expect(said - first).toBeGreaterThanOrEqual(3_600_000);
    await ask({ assetIds: [mine.id] }, cleo);
    door.clock.aheadMs = said - Date.now();
    await ask({ assetIds: [mine.id] });
  });
});
