import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRules, type Person, type Rules } from "../../../test/security/rules.ts";
import { type Actor, Fault, newId } from "../../core/index.ts";
import { violated } from "../../db/index.ts";
import { addGroupMembers, removeGroupMembers } from "../../iam/schema.ts";
import { approveTicket, cancelTicket, listTickets, rejectTicket, updateSettings } from "../../platform/schema.ts";
import { breakGlass, createRequestRule, listGrants, readRequestOptions, updateRequestRule } from "../schema.ts";

let rules: Rules;
let { door, admin, asset, group, fresh, may } = {} as Rules;
let ann: Person;
let bob: Person;
let marked: string;

beforeAll(async () => {
  rules = await openRules();
  ({ door, admin, asset, group, fresh, may } = rules);
});
beforeEach(async () => {
  for (const table of ["request_rule", "access_grant", "ticket", "setting", "notification"]) {
    await sql`delete from ${sql.table(table)}`.execute(door.db);
  }
  door.clock.aheadMs = 0;
  ann = await rules.newPerson("ann");
  bob = await rules.newPerson("bob");
  marked = await group(ann.id);
});
afterAll(() => door.close());

const marking = (fields: object = {}) =>
  door.call(admin, createRequestRule, {
    name: fresh("emergency"),
    breakGlass: true,
    askerGroupIds: [marked],
    coversEverything: true,
    reviewerUserIds: [bob.id],
    longestMinutes: 30,
    ...fields,
  });
const open = (assetId: string, wish: object = {}, person: Actor = ann) =>
  door.call(person, breakGlass, { assetIds: [assetId], accounts: ["root"], minutes: 30, reason: "Fire", ...wish });
const faultOf = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("It was let through")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error as Error)),
  );
const mayNow = (person: Person, to: Awaited<ReturnType<Rules["asset"]>>) =>
  may(person, to, { now: new Date(Date.now() + door.clock.aheadMs) });

describe("breaking glass", () => {
  test("opens at once, for its minutes, and leaves an event, a rule that names its review, and the review", async () => {
    await marking();
    const mine = await asset();
    const { id, reviewers } = await open(mine.id);
    expect(reviewers.map((one) => one.id)).toEqual([bob.id]);
    expect(await mayNow(ann, mine)).toBe(true);
    expect((await door.call(admin, listGrants, {})).items).toMatchObject([{ ticketId: id, comment: "Fire" }]);
    expect((await door.events("me.break-glass")).at(-1)).toMatchObject({
      outcome: "ok",
      actor_id: ann.id,
      target_id: id,
      fields: { input: { reason: "Fire" } },
    });
    expect((await door.call(admin, listTickets, { state: "pending", kind: "break-glass" })).items).toMatchObject([
      { id, expiresAt: null, state: "pending" },
    ]);
    door.clock.aheadMs = 31 * 60_000;
    expect(await mayNow(ann, mine)).toBe(false);
  });

  test("is for the marked groups alone: not for a member who is in none, not after leaving, not without a rule", async () => {
    await marking();
    const mine = await asset();
    const cleo = await rules.newPerson("cleo");
    expect((await faultOf(open(mine.id, {}, cleo))).code).toBe("not_found");
    await door.call(admin, createRequestRule, {
      name: fresh("ordinary"),
      forEverybody: true,
      coversEverything: true,
      reviewerUserIds: [bob.id],
      longestMinutes: 480,
    });
    expect((await faultOf(open(mine.id, {}, cleo))).code).toBe("not_found");
    await door.call(admin, removeGroupMembers, { id: marked, userIds: [ann.id] });
    expect((await faultOf(open(mine.id))).code).toBe("not_found");
    expect([await mayNow(ann, mine), await mayNow(cleo, mine)]).toEqual([false, false]);
    expect((await faultOf(open(mine.id, {}, { ...ann, apiKey: { id: newId(), prefix: "sp_x" } }))).code).toBe("denied");
  });

  test("names its groups: no rule lets everybody or single people break glass, in SQL as well", async () => {
    expect((await faultOf(marking({ askerUserIds: [ann.id] }))).code).toBe("invalid");
    expect((await faultOf(marking({ forEverybody: true }))).code).toBe("invalid");
    const { id, version } = await marking();
    expect((await faultOf(door.call(admin, updateRequestRule, { id, version, forEverybody: true }))).code).toBe(
      "invalid",
    );
    const all = sql`update request_rule set for_everybody = true where id = ${id}`;
    expect(await all.execute(door.db).then(() => "let through", violated)).toBe("break_glass_is_for_marked_groups");
  });

  test("lasts no longer than its rule and the organization's bound, and needs a reason and a reviewer", async () => {
    await marking({ longestMinutes: 480 });
    const mine = await asset();
    expect((await faultOf(open(mine.id, { minutes: 61 }))).message).toContain("at most 60 minutes");
    expect((await faultOf(open(mine.id, { reason: " " }))).code).toBe("invalid");
    await sql`update users set active = false where id = ${bob.id}`.execute(door.db);
    expect((await faultOf(open(mine.id))).code).toBe("denied");
    expect(await mayNow(ann, mine)).toBe(false);
  });

  test("is barred while an older review is overdue; the review cannot be taken back or decided by who owes it", async () => {
    await marking();
    const mine = await asset();
    const { id } = await open(mine.id);
    await open(mine.id);
    expect(await door.call(ann, readRequestOptions, {})).toMatchObject({
      mayBreakGlass: true,
      owed: 2,
      overdue: false,
    });
    door.clock.aheadMs = 25 * 3_600_000;
    expect((await faultOf(open(mine.id))).message).toContain("overdue");
    expect(await door.call(ann, readRequestOptions, {})).toMatchObject({ owed: 2, overdue: true });
    expect((await faultOf(door.call(ann, cancelTicket, { id }))).code).toBe("conflict");
    expect((await faultOf(door.call(ann, approveTicket, { id }))).code).toBe("denied");
    const { items } = await door.call(admin, listTickets, { state: "pending" });
    for (const ticket of items) await door.call(bob, approveTicket, { id: ticket.id });
    await open(mine.id);
    expect(await mayNow(ann, mine)).toBe(true);
  });

  test("a review that rejects ends what is still open", async () => {
    await marking();
    const mine = await asset();
    const { id } = await open(mine.id);
    await door.call(bob, rejectTicket, { id, comment: "That was no fire" });
    expect(await mayNow(ann, mine)).toBe(false);
  });

  test("is barred for the review hours after a rejection, unless a later decision approves; for that person alone", async () => {
    const cleo = await rules.newPerson("cleo");
    await door.call(admin, addGroupMembers, { id: marked, userIds: [cleo.id] });
    await marking();
    const mine = await asset();
    const [first, second] = [await open(mine.id), await open(mine.id)];
    await door.call(bob, rejectTicket, { id: first.id });
    const fault = await faultOf(open(mine.id));
    expect([fault.code, fault.message]).toEqual(["denied", expect.stringContaining(`${bob.name} rejected the last`)]);
    await open(mine.id, {}, cleo);
    door.clock.aheadMs = 1000;
    await door.call(bob, approveTicket, { id: second.id });
    const third = await open(mine.id);
    door.clock.aheadMs = 2000;
    await door.call(bob, rejectTicket, { id: third.id });
    door.clock.aheadMs = 23 * 3_600_000;
    expect((await faultOf(open(mine.id))).message).toContain("rejected the last");
    door.clock.aheadMs = 24 * 3_600_000 + 10_000;
    await open(mine.id);
    expect(await mayNow(ann, mine)).toBe(true);
  });

  test("leaves three undecided at a time, whoever tries at the same moment, and says whom to ask", async () => {
    await marking();
    const mine = await asset();
    const tries = await Promise.allSettled(Array.from({ length: 6 }, () => open(mine.id)));
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    const fault = await faultOf(open(mine.id));
    expect(fault.code).toBe("denied");
    expect(fault.message).toBe(
      `3 reviews of your broken glass wait already. Ask their reviewers to decide first: ${bob.name}.`,
    );
    const { items } = await door.call(admin, listTickets, { state: "pending" });
    await door.call(bob, approveTicket, { id: items[0]!.id });
    await open(mine.id);
  });

  test("tells the reviewers and the administrators by mail, each once and the person not", async () => {
    const root = await door.person(fresh("root"), { roles: ["system-administrator"] });
    const mail = { host: "localhost", fromAddress: "gate@example.org" };
    await door.call(root, updateSettings, { key: "mail", version: 0, values: mail });
    const boss = await door.person(fresh("boss"), { roles: ["administrator"] });
    await marking({ reviewerUserIds: [bob.id, boss.id] });
    await open((await asset()).id);
    const rows = await door.db.selectFrom("notification").select(["user_id", "template"]).execute();
    const told = rows.map(({ user_id, template }) => `${template} ${user_id}`).toSorted();
    const wanted = [`break-glass ${admin.id}`, `ticket-asked ${bob.id}`, `ticket-asked ${boss.id}`];
    expect(told).toEqual(wanted.toSorted());
  });
});
