import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { violated } from "../../db/index.ts";
import { approveTicket, listTickets, readTicket, rejectTicket, type Ticket } from "../schema.ts";
import { faultOf, openStage, type Stage } from "../../../test/security/ticket-stage.ts";

let { door, ended, ask } = {} as Stage;
let { review } = {} as Stage["kinds"];
let { admin, ann, bob, stranger } = {} as Stage["people"];
let clear: Stage["clear"];
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const stage = await openStage();
  ({ door, ended, ask, clear } = stage);
  ({ review } = stage.kinds);
  ({ admin, ann, bob, stranger } = stage.people);
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
  await clear();
});
afterAll(() => door.close());

const brokenBy = (statement: ReturnType<typeof sql>): Promise<string | null> =>
  statement.execute(door.db).then(() => "let through", violated);
const stored = (id: string): Promise<Ticket> => door.call(admin, readTicket, { id });

describe("the end of the time", () => {
  test("is judged at the moment of deciding, in SQL as well, and before anything has swept", async () => {
    const { id } = await ask({ expiresAt: new Date(Date.now() + 60_000) });
    door.clock.aheadMs = 60_001;
    expect((await faultOf(door.call(bob, approveTicket, { id }))).message).toContain("has expired");
    expect((await faultOf(door.call(bob, rejectTicket, { id }))).message).toContain("has expired");
    expect(await stored(id)).toMatchObject({ state: "expired", mayDecide: false });
    expect((await door.call(admin, listTickets, { state: "pending" })).items).toEqual([]);
    expect((await door.call(admin, listTickets, { state: "expired" })).items).toHaveLength(1);
    const late = sql`update ticket set state = 'approved', decided_at = expires_at, decided_by = ${bob.id} where id = ${id}`;
    expect(await brokenBy(late)).toBe("ticket_is_decided_in_time");
    const early = sql`update ticket set state = 'expired', decided_at = now() where id = ${id}`;
    expect(await brokenBy(early)).toBe("ticket_expires_at_its_time");
  });

  test("comes by a schedule, which starts no job while nothing is due", async () => {
    const { id } = await ask({ expiresAt: new Date(Date.now() + 60_000) });
    const owed = await ask({}, review);
    const schedules = () => door.db.selectFrom("job_schedule").selectAll().execute();
    async function look(): Promise<void> {
      const working = await door.platform.work({
        kinds: [],
        schedules: [],
        templates: [],
        receiverOf: door.receiverOf,
      });
      await pause(300);
      await working.stop();
    }
    await look();
    expect(await schedules()).toEqual([]);
    door.clock.aheadMs = 61_000;
    await look();
    expect(await schedules()).toMatchObject([{ key: "expire-tickets" }]);
    door.clock.aheadMs = 125_000;
    const working = await door.platform.work({ kinds: [], schedules: [], templates: [], receiverOf: door.receiverOf });
    stops.push(() => working.stop());
    await expect.poll(() => ended.length, { timeout: 8000 }).toBe(1);
    expect(ended).toMatchObject([{ id, outcome: { state: "expired", by: null } }]);
    await expect.poll(async () => (await door.events("ticket.expire")).length, { timeout: 5000 }).toBe(1);
    expect((await stored(owed.id)).state).toBe("pending");
    door.clock.aheadMs = 0;
  });
});

describe("waiting for a decision", () => {
  const follow = async (): Promise<void> => {
    const following = await door.platform.follow();
    stops.push(() => following.stop());
  };

  test("goes on within a moment of the commit, with what was given", async () => {
    await follow();
    const { id } = await ask();
    const waiting = door.platform.tickets.waitForDecision({ id, orgId: ann.orgId }, { timeoutMs: 20_000 });
    await pause(50);
    const decidedAt = performance.now();
    await door.call(bob, approveTicket, { id, body: { hosts: ["web2"] }, comment: "one" });
    expect(await waiting).toEqual({
      state: "approved",
      body: { hosts: ["web2"], note: "hush" },
      by: { id: bob.id, name: "bob" },
      comment: "one",
    });
    expect(performance.now() - decidedAt).toBeLessThan(1000);
  });

  test("finds what was decided before, goes on without signals, and ends with its time, its ticket's and its signal", async () => {
    const { tickets } = door.platform;
    const { id } = await ask();
    const ticket = { id, orgId: ann.orgId };
    expect((await tickets.waitForDecision(ticket, { timeoutMs: 60 })).state).toBe("pending");
    const ending = new AbortController();
    const aborted = tickets.waitForDecision(ticket, { timeoutMs: 20_000, signal: ending.signal });
    ending.abort(new Error("hung up"));
    await expect(aborted).rejects.toThrow("hung up");
    const unheard = tickets.waitForDecision(ticket, { timeoutMs: 20_000 });
    await pause(50);
    await door.call(bob, rejectTicket, { id });
    expect((await unheard).state).toBe("rejected");
    expect((await tickets.waitForDecision(ticket, { timeoutMs: 20_000 })).state).toBe("rejected");
    const late = await ask({ expiresAt: new Date(Date.now() + 200) });
    await pause(250);
    expect((await tickets.waitForDecision({ id: late.id, orgId: ann.orgId }, { timeoutMs: 20_000 })).state).toBe(
      "expired",
    );
    expect((await faultOf(tickets.waitForDecision({ id, orgId: stranger.orgId }, { timeoutMs: 10 }))).code).toBe(
      "not_found",
    );
  });

  test("that is given up takes the ticket back, once", async () => {
    const { id } = await ask();
    const withdraw = () =>
      door.database.transaction((db) => door.platform.tickets.withdrawTicket(db, { id, orgId: ann.orgId }, ann));
    expect([await withdraw(), await withdraw()]).toEqual([true, false]);
    expect((await faultOf(door.call(bob, approveTicket, { id }))).message).toContain("the program took it back");
    expect((await door.events("ticket.withdraw")).at(-1)).toMatchObject({ actor_id: ann.id, target_id: id });
  });
});
