import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Actor, type Fault, newId } from "../../core/index.ts";
import { violated } from "../../db/index.ts";
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
import { faultOf, openStage, type Person, type Stage } from "../../../test/security/ticket-stage.ts";

let { door, ended, ask } = {} as Stage;
let { hosts, fixed, review } = {} as Stage["kinds"];
let { admin, auditor, ann, bob, cleo, stranger } = {} as Stage["people"];
let clear: Stage["clear"];

beforeAll(async () => {
  const stage = await openStage();
  ({ door, ended, ask, clear } = stage);
  ({ hosts, fixed, review } = stage.kinds);
  ({ admin, auditor, ann, bob, cleo, stranger } = stage.people);
});
afterEach(() => clear());
afterAll(() => door.close());

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
      ended.length = 0;
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
