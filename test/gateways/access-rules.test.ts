import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { z } from "zod";
import { createAccessRule, deleteAccessRule } from "../../src/assets/schema.ts";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { updateUser } from "../../src/iam/schema.ts";
import { approveTicket, listMyTickets, rejectTicket, type Ticket } from "../../src/platform/schema.ts";
import type { Client } from "../support/program.ts";
import { direct, ssh } from "./clients.ts";
import { endOf, eventually, type Person, sessionOf, setStage, type Stage, type Target } from "./stage.ts";
import { openSocket } from "./web-socket.ts";

let stage: Stage;
let target: Target;
let reviewer: Person;
let deciding: Client;
let count = 0;
beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
  reviewer = await stage.person();
  deciding = await stage.program.signIn(reviewer.loginName, reviewer.password);
}, 60_000);
afterAll(() => stage?.close(), 30_000);

/** Somebody whom a permission rule lets in, and access rules for nobody else. */
async function somebody() {
  const person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
  const rule = (fields: Partial<z.input<typeof createAccessRule.input>> = {}) =>
    stage.admin.call(createAccessRule, {
      kind: "connect",
      name: `rule ${++count}`,
      action: "reject",
      users: { type: "ids", ids: [person.id] },
      ...fields,
    });
  const run = (...command: string[]) => ssh(stage, person, direct(person, target), command);
  return { person, rule, run };
}

async function shell(person: Person) {
  const client = ssh(stage, person, direct(person, target), [], { options: ["-tt"] });
  client.write("echo ready-$((20+3))\n");
  await client.shows(/^ready-23\r$/m);
  return { client, session: await sessionOf(stage, person) };
}

async function waiting(person: Person): Promise<Ticket> {
  return eventually("a request to decide", async () => {
    const { items } = await deciding.call(listMyTickets, { as: "reviewer", state: "pending" });
    return items.find(({ askedBy }) => askedBy.id === person.id);
  });
}

describe.concurrent("an access rule", () => {
  it("that rejects lets nobody in, and says so with its name and its words", async () => {
    const { rule, run, person } = await somebody();
    const { name } = await rule({ notice: "Only on weekdays.", reviewerIds: [reviewer.id] });
    const { code, err, out } = await run("echo in").done;
    expect([code, out.toString()]).toEqual([254, ""]);
    expect(err).toContain(
      `The access rule "${name}" does not let you connect like this here and now. Only on weekdays.`,
    );
    expect(err).toContain(`Ask ${reviewer.user.name}`);
    const { items } = await stage.admin.call(listAuditEvents, { actorId: person.id, outcome: "denied" });
    expect(items.find(({ action }) => action === "session.open")?.fields).toMatchObject({ accessRules: [{ name }] });
  });

  it("that warns lets in and tells the person", async () => {
    const { rule, run } = await somebody();
    await rule({ action: "warn", notice: "This is production." });
    const { code, err, out } = await run("echo in").done;
    expect([code, out.toString(), err]).toEqual([0, "in\n", expect.stringMatching(/This is production\./)]);
  });

  it("on ways to connect lets the browser in and not SSH", async () => {
    const { rule, run, person } = await somebody();
    await rule({ kind: "connect-method", settings: { methods: ["ssh-client"] } });
    expect((await run("echo in").done).code).toBe(254);
    const client = await stage.program.signIn(person.loginName, person.password);
    const socket = openSocket(stage, client, `/terminal?assetId=${target.assetId}&accountId=${target.accountId}`);
    await socket.notice("opened");
    socket.tell({ type: "close" });
  });

  it("that comes ends a live session within a second, in its words", async () => {
    const { rule, person } = await somebody();
    const { client, session } = await shell(person);
    const { name } = await rule();
    const made = Date.now();
    await client.done;
    expect(Date.now() - made).toBeLessThan(1000);
    expect(await endOf(stage, session.id)).toMatchObject({
      endReason: "revoked",
      endDetail: expect.stringContaining(`The access rule "${name}"`),
    });
  });

  it("whose time of the week ends, ends the live session at that minute", async () => {
    const { rule, person } = await somebody();
    const clock = (at: number): string => new Date(at).toISOString().slice(11, 16);
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    const end = minute + (minute + 60_000 - Date.now() > 15_000 ? 60_000 : 120_000);
    const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
    const range = { day: days[new Date(minute).getUTCDay()]!, from: clock(minute), to: clock(end) };
    await rule({ priority: 1, action: "accept", settings: { times: { zone: "UTC", ranges: [range] } } });
    await rule({ priority: 2 });
    const { client, session } = await shell(person);
    await client.done;
    expect(Math.abs(Date.now() - end)).toBeLessThan(1500);
    expect(await endOf(stage, session.id)).toMatchObject({ endReason: "revoked" });
  }, 150_000);

  it("that goes lets in again at once", async () => {
    const { rule, run } = await somebody();
    const { id } = await rule();
    expect((await run("echo in").done).code).toBe(254);
    await stage.admin.call(deleteAccessRule, { id });
    expect((await run("echo in").done).code).toBe(0);
  });
});

describe.concurrent("a review", () => {
  it("lets in when a reviewer approves, and the session stays", async () => {
    const { rule, person } = await somebody();
    const { name } = await rule({ action: "review", reviewerIds: [reviewer.id] });
    const client = ssh(stage, person, direct(person, target), [], { options: ["-tt"] });
    await client.shows(new RegExp(`"${name}" asks for an approval\\. Asked: ${reviewer.user.name}`), "any");
    const ticket = await waiting(person);
    expect(ticket).toMatchObject({ kind: "connect-review", body: { rule: { name }, asset: { name: target.name } } });
    await deciding.call(approveTicket, { id: ticket.id });
    client.write("echo ready-$((20+3))\n");
    await client.shows(/^ready-23\r$/m);
    // Whatever changes, it is asked again.
    await stage.admin.call(updateUser, { id: person.id, version: person.user.version, comment: "x", name: "Another" });
    client.write("echo still-$((1+1)); exit\n");
    await client.shows(/^still-2\r$/m);
    expect((await client.done).code).toBe(0);
  }, 30_000);

  it("keeps out when a reviewer rejects, with the reviewer's words", async () => {
    const { rule, run, person } = await somebody();
    await rule({ action: "review", reviewerIds: [reviewer.id] });
    const client = run("echo in");
    const ticket = await waiting(person);
    await deciding.call(rejectTicket, { id: ticket.id, comment: "Not today." });
    const { code, err, out } = await client.done;
    expect([code, out.toString(), err]).toEqual([254, "", expect.stringMatching(/did not approve it: Not today\./)]);
    expect((await run("echo in").done).err).toMatch(/Wait \d+ s before you ask again/);
  }, 30_000);

  it("is taken back when the person does not wait", async () => {
    const { rule, run, person } = await somebody();
    await rule({ action: "review", reviewerIds: [reviewer.id] });
    const client = run("echo in");
    const { id } = await waiting(person);
    client.child.kill();
    const ended = await eventually("the end of the request", async () => {
      const { items } = await deciding.call(listMyTickets, { as: "reviewer", state: "cancelled" });
      return items.find((one) => one.id === id);
    });
    expect(ended.decidedBy).toBeNull();
  }, 30_000);

  it("that only the person could give denies", async () => {
    const { rule, run, person } = await somebody();
    await rule({ action: "review", reviewerIds: [person.id] });
    expect((await run("echo in").done).err).toMatch(/Nobody could decide this request/);
  }, 30_000);

  it("is asked in the browser, too", async () => {
    const { rule, person } = await somebody();
    await rule({ action: "review", reviewerIds: [reviewer.id] });
    const client = await stage.program.signIn(person.loginName, person.password);
    const socket = openSocket(stage, client, `/terminal?assetId=${target.assetId}&accountId=${target.accountId}`);
    expect(await socket.notice("notice")).toMatchObject({ text: expect.stringMatching(/asks for an approval/) });
    await deciding.call(approveTicket, { id: (await waiting(person)).id });
    await socket.notice("opened");
    socket.tell({ type: "close" });
  }, 30_000);
});
