import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, Fault, newId, plain } from "../../core/index.ts";
import { violated } from "../../db/index.ts";
import { type Asked, type Asking, type TicketKind, ticketKind, type TicketOutcome } from "../index.ts";
import {
  approveTicket,
  cancelTicket,
  listMyTickets,
  listTickets,
  readMyTicket,
  readTicket,
  rejectTicket,
  type Ticket,
} from "../schema.ts";

type Person = Actor & { id: string; orgId: string };
const Hosts = z.object({ hosts: z.array(plain(z.string().max(50))).max(10), note: z.string().max(50).default("") });

let door: Door;
let admin: Person;
let auditor: Person;
let ann: Person;
let bob: Person;
let cleo: Person;
let stranger: Person;
let ended: { id: string; outcome: TicketOutcome<z.output<typeof Hosts>> }[] = [];
let stops: (() => Promise<void>)[] = [];

const hosts = ticketKind({
  key: "hosts",
  title: "Hosts",
  body: Hosts,
  narrow(_, asked, wanted) {
    if (!wanted.hosts.every((host) => asked.hosts.includes(host))) throw new Fault("invalid", "Not asked for.");
    return { ...asked, hosts: wanted.hosts };
  },
  async decided({ db }, { id, orgId }, outcome) {
    if (outcome.comment === "break") throw new Fault("conflict", "It cannot be carried out.");
    await db
      .insertInto("user_group")
      .values({ id: newId(), org_id: orgId, name: `made ${id}` })
      .execute();
    ended.push({ id, outcome });
  },
});
const fixed = ticketKind({ key: "fixed", title: "Fixed", body: Hosts });
const review = ticketKind({ key: "review", title: "Review", body: Hosts, owed: true });

beforeAll(async () => {
  door = await openDoor();
  door.platform.tickets.learn([hosts, fixed, review]);
  admin = await door.person("admin", { roles: ["administrator"] });
  auditor = await door.person("auditor", { roles: ["auditor"] });
  ann = await door.person("ann");
  bob = await door.person("bob");
  cleo = await door.person("cleo");
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
  ended = [];
  door.clock.aheadMs = 0;
  await sql`delete from ticket`.execute(door.db);
  await sql`update users set active = true, expires_at = null`.execute(door.db);
});
afterAll(() => door.close());

const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

const ask = (
  wish: Partial<Asking<typeof Hosts>> = {},
  kind: TicketKind<typeof Hosts> = hosts,
  actor: Actor = ann,
): Promise<Asked> =>
  door.database.transaction((db) =>
    door.platform.tickets.askTicket(db, actor, kind, {
      title: "web1",
      reason: "An outage",
      body: { hosts: ["web1", "web2"], note: "hush" },
      reviewers: [bob.id, cleo.id],
      expiresAt: kind.owed ? null : inAnHour(),
      ...wish,
    }),
  );

const faultOf = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("It was let through")),
    (error: unknown) => (error instanceof Fault ? error : Promise.reject(error as Error)),
  );
const brokenBy = (statement: ReturnType<typeof sql>): Promise<string | null> =>
  statement.execute(door.db).then(() => "let through", violated);
const made = async (): Promise<number> => {
  const { rows } = await sql`select 1 from user_group where name like 'made %'`.execute(door.db);
  return rows.length;
};
const stored = (id: string): Promise<Ticket> => door.call(admin, readTicket, { id });

describe("asking", () => {
  test("freezes the reviewers, and tells of itself in an event without what the kind hides", async () => {
    const { id, reviewers } = await ask({ title: "  two\nlines " });
    expect(reviewers.map(({ name }) => name)).toEqual(["bob", "cleo"]);
    expect(await stored(id)).toMatchObject({
      kind: "hosts",
      title: "two lines",
      reason: "An outage",
      state: "pending",
      askedBy: { id: ann.id, name: "ann" },
      body: { hosts: ["web1", "web2"] },
      given: null,
      mayDecide: false,
      mayCancel: false,
    });
    const event = (await door.events("ticket.ask")).at(-1);
    expect(event).toMatchObject({ actor_id: ann.id, target_id: id, outcome: "ok" });
    expect(JSON.stringify(event)).not.toContain("hush");
  });

  test("leaves out the asker, who is disabled, expired, no member, a service account or named twice", async () => {
    const dora = await door.person("dora");
    const service = { id: newId() };
    await door.db
      .insertInto("users")
      .values({ id: service.id, login_name: "robot", name: "robot", kind: "service" })
      .execute();
    await door.db.insertInto("membership").values({ org_id: ann.orgId, user_id: service.id }).execute();
    await sql`update users set active = false where id = ${cleo.id}`.execute(door.db);
    await sql`update users set expires_at = now() - interval '1 second' where id = ${dora.id}`.execute(door.db);
    const all = [ann, bob, bob, cleo, dora, service, stranger].map(({ id }) => id);
    expect((await ask({ reviewers: all })).reviewers).toEqual([{ id: bob.id, name: "bob" }]);
  });

  test.each([
    ["nobody is named", () => []],
    ["only the asker is", () => [ann.id]],
    ["only a member of another organization is", () => [stranger.id]],
  ])("is refused when %s", async (_, reviewers) => {
    expect((await faultOf(ask({ reviewers: reviewers() }))).code).toBe("denied");
    expect((await door.call(admin, listTickets, {})).items).toEqual([]);
  });

  test("is refused when all reviewers are disabled, with an end that has passed, and with a body that the kind refuses", async () => {
    await sql`update users set active = false where id in (${bob.id}, ${cleo.id})`.execute(door.db);
    expect((await faultOf(ask())).code).toBe("denied");
    await sql`update users set active = true`.execute(door.db);
    expect((await faultOf(ask({ expiresAt: new Date(Date.now() - 1) }))).code).toBe("invalid");
    expect((await faultOf(ask({ body: { hosts: 1 } as never }))).code).toBe("invalid");
    await expect(ask({ expiresAt: null })).rejects.toThrow("What is not owed expires");
  });

  test("with the program as the asker, or nobody, is a mistake", async () => {
    await expect(ask({}, hosts, { ...ann, kind: "anonymous" })).rejects.toThrow("Only a person");
  });
});

describe("deciding", () => {
  test("approving carries it out in the same transaction, and everybody sees who and when", async () => {
    const before = await made();
    const { id } = await ask();
    const ticket = await door.call(bob, approveTicket, { id, comment: "Go on" });
    expect(ticket).toMatchObject({
      state: "approved",
      decidedBy: { id: bob.id, name: "bob" },
      comment: "Go on",
      given: null,
      mayDecide: false,
    });
    expect(ended).toMatchObject([{ id, outcome: { state: "approved", by: { name: "bob" }, body: { note: "hush" } } }]);
    expect(await made()).toBe(before + 1);
    expect((await door.events("me.ticket.approve")).at(-1)).toMatchObject({
      outcome: "ok",
      actor_id: bob.id,
      target_id: id,
      fields: { kind: "hosts", given: { hosts: ["web1", "web2"], note: "[hidden]" } },
    });
  });

  test("what the kind throws undoes the decision", async () => {
    const before = await made();
    const { id } = await ask();
    expect((await faultOf(door.call(bob, approveTicket, { id, comment: "break" }))).message).toBe(
      "It cannot be carried out.",
    );
    expect((await stored(id)).state).toBe("pending");
    expect(await made()).toBe(before);
  });

  test("rejecting ends it", async () => {
    const { id } = await ask();
    expect(await door.call(cleo, rejectTicket, { id, comment: "No" })).toMatchObject({
      state: "rejected",
      comment: "No",
    });
    expect(ended.map(({ outcome }) => outcome.state)).toEqual(["rejected"]);
  });

  test("less may be given, and never more; a kind without a rule for it is given whole", async () => {
    const { id } = await ask();
    expect((await faultOf(door.call(bob, approveTicket, { id, body: { hosts: ["web1", "db1"] } }))).code).toBe(
      "invalid",
    );
    expect((await faultOf(door.call(bob, approveTicket, { id, body: { hosts: "web1" } }))).code).toBe("invalid");
    expect((await stored(id)).state).toBe("pending");
    const ticket = await door.call(bob, approveTicket, { id, body: { hosts: ["web1"] } });
    expect(ticket).toMatchObject({ given: { hosts: ["web1"], note: "hush" }, body: { hosts: ["web1", "web2"] } });
    expect(ended[0]?.outcome.body.hosts).toEqual(["web1"]);
    const whole = await ask({}, fixed);
    expect((await faultOf(door.call(bob, approveTicket, { id: whole.id, body: { hosts: [] } }))).code).toBe("invalid");
  });

  test("nobody decides an own request, not even when SQL is told so", async () => {
    const { id } = await ask();
    for (const endpoint of [approveTicket, rejectTicket] as const) {
      expect((await faultOf(door.call(ann, endpoint, { id }))).code).toBe("denied");
    }
    expect((await stored(id)).state).toBe("pending");
    expect(await brokenBy(sql`update ticket set reviewers = array[asked_by] where id = ${id}`)).toBeNull();
    const own = sql`insert into ticket (id, org_id, kind, title, reason, body, asked_by, asked_by_name, reviewers)
      values (${newId()}, ${ann.orgId}, 'hosts', 't', '', '{}', ${ann.id}, 'ann', array[${bob.id}, ${ann.id}]::uuid[])`;
    expect(await brokenBy(own)).toBe("ticket_is_never_reviewed_by_its_asker");
    const asAnn = sql`update ticket set state = 'approved', decided_at = now(), decided_by = ${ann.id}, decided_by_name = 'ann' where id = ${id}`;
    expect(await brokenBy(asAnn)).toBe("ticket_is_decided_by_a_reviewer");
  });

  test("whoever is no reviewer knows of nothing: a member, an administrator, another organization", async () => {
    const dan = await door.person(`dan-${newId()}`);
    const { id } = await ask();
    for (const person of [dan, admin, stranger]) {
      for (const endpoint of [approveTicket, rejectTicket, cancelTicket] as const) {
        expect((await faultOf(door.call(person, endpoint, { id }))).code).toBe("not_found");
      }
      expect((await faultOf(door.call(person, readMyTicket, { id }))).code).toBe("not_found");
    }
    // The same person, looking from another organization.
    expect((await faultOf(door.call({ ...bob, orgId: stranger.orgId }, approveTicket, { id }))).code).toBe("not_found");
    expect((await faultOf(door.call(stranger, readTicket, { id }))).code).toBe("not_found");
    expect((await door.call(stranger, listTickets, {})).items).toEqual([]);
    expect((await faultOf(door.call(dan, listTickets, {}))).code).toBe("denied");
  });

  test("a reviewer who was disabled or left meanwhile decides nothing, not even when SQL is told so", async () => {
    const { id } = await ask();
    await sql`update users set active = false where id = ${bob.id}`.execute(door.db);
    expect((await faultOf(door.call(bob, approveTicket, { id }))).code).toBe("denied");
    const asBob = sql`update ticket set state = 'approved', decided_at = now(), decided_by = ${bob.id}, decided_by_name = 'bob' where id = ${id}`;
    expect(await brokenBy(asBob)).toBe("ticket_is_decided_by_an_active_member");
    const eve = await door.person(`eve-${newId()}`);
    const other = await ask({ reviewers: [eve.id] });
    await sql`delete from membership where user_id = ${eve.id}`.execute(door.db);
    expect((await faultOf(door.call(eve, approveTicket, { id: other.id }))).code).toBe("denied");
  });

  test("is nothing for an API key", async () => {
    const { id } = await ask();
    const key: Actor = { ...bob, apiKey: { id: newId(), prefix: "sp_x" }, scopes: new Set(["me.ticket.approve"]) };
    expect((await faultOf(door.call(key, approveTicket, { id }))).code).toBe("denied");
  });

  test("for an asker who was disabled meanwhile only rejecting is left; what is owed is decided all the same", async () => {
    const [{ id }, owed] = [await ask(), await ask({}, review)];
    await sql`update users set active = false where id = ${ann.id}`.execute(door.db);
    expect((await faultOf(door.call(bob, approveTicket, { id }))).code).toBe("conflict");
    expect((await door.call(bob, rejectTicket, { id })).state).toBe("rejected");
    expect((await door.call(bob, approveTicket, { id: owed.id })).state).toBe("approved");
  });

  test("two reviewers at the same moment: one decides, the other is told who did", async () => {
    for (let round = 0; round < 10; round++) {
      ended = [];
      const { id } = await ask();
      const tries = await Promise.allSettled([
        door.call(bob, approveTicket, { id }),
        door.call(cleo, rejectTicket, { id }),
      ]);
      const won = tries.findIndex(({ status }) => status === "fulfilled");
      const lost = tries[1 - won];
      expect(tries.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      const fault = (lost as PromiseRejectedResult).reason as Fault;
      expect(fault.code).toBe("conflict");
      expect(fault.message).toContain(won === 0 ? "bob approved it" : "cleo rejected it");
      expect(ended).toHaveLength(1);
    }
  });

  test("what has ended stays as it ended, in SQL as well", async () => {
    const { id } = await ask();
    await door.call(bob, rejectTicket, { id });
    for (const [person, endpoint] of [
      [cleo, approveTicket],
      [bob, approveTicket],
      [ann, cancelTicket],
    ] as const) {
      expect((await faultOf(door.call(person, endpoint, { id }))).message).toContain("bob rejected it");
    }
    const again = sql`update ticket set state = 'approved', decided_by = ${cleo.id} where id = ${id}`;
    expect(await brokenBy(again)).toBe("ticket_is_decided_once");
    const born = sql`insert into ticket (id, org_id, kind, title, reason, body, asked_by, asked_by_name, reviewers, state, decided_at, decided_by)
      values (${newId()}, ${ann.orgId}, 'hosts', 't', '', '{}', ${ann.id}, 'ann', array[${bob.id}]::uuid[], 'approved', now(), ${bob.id})`;
    expect(await brokenBy(born)).toBe("ticket_begins_pending");
  });

  test("the asker takes it back, nobody else does; what is owed stays", async () => {
    const [{ id }, owed] = [await ask(), await ask({}, review)];
    expect((await faultOf(door.call(bob, cancelTicket, { id }))).code).toBe("denied");
    expect(await door.call(ann, readMyTicket, { id })).toMatchObject({ mayCancel: true, mayDecide: false });
    expect((await door.call(ann, cancelTicket, { id })).state).toBe("cancelled");
    expect(await door.call(ann, readMyTicket, { id: owed.id })).toMatchObject({ mayCancel: false });
    expect((await faultOf(door.call(ann, cancelTicket, { id: owed.id }))).code).toBe("conflict");
  });
});

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

describe("lists", () => {
  test("hold what one asked, what one reviews, and all for administrators and auditors, a page at a time", async () => {
    const first = await ask({ title: "first" });
    const second = await ask({ title: "second", reviewers: [cleo.id] });
    const third = await ask({ title: "third", reviewers: [ann.id] }, fixed, bob);
    const idsOf = async (person: Person, wish: object) =>
      (await door.call(person, listMyTickets, wish)).items.map(({ id }) => id);
    expect(await idsOf(ann, {})).toEqual([second.id, first.id]);
    expect(await idsOf(ann, { as: "reviewer" })).toEqual([third.id]);
    expect(await idsOf(bob, { as: "reviewer" })).toEqual([first.id]);
    expect(await idsOf(cleo, { as: "reviewer", search: "FIR" })).toEqual([first.id]);
    expect(await idsOf(cleo, { as: "reviewer", kind: "fixed" })).toEqual([]);
    for (const person of [admin, auditor]) {
      const page = await door.call(person, listTickets, { limit: 2 });
      const rest = await door.call(person, listTickets, { limit: 2, cursor: page.next ?? "" });
      expect([...page.items, ...rest.items].map(({ id }) => id)).toEqual([third.id, second.id, first.id]);
    }
    await door.call(bob, approveTicket, { id: first.id });
    expect(await idsOf(cleo, { as: "reviewer", state: "pending" })).toEqual([second.id]);
  });
});
