import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deleteGrant } from "../../src/assets/schema.ts";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { direct, ssh } from "./clients.ts";
import { endOf, pause, type Person, sessionOf, setStage, type Stage, type Target } from "./stage.ts";
import { openSocket } from "./web-socket.ts";

let stage: Stage;
let target: Target;
beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
}, 60_000);
afterAll(() => stage?.close(), 30_000);

type AtEnd = { what: "cut" } | { what: "warn"; minutes: number } | { what: "keep" };
const LEFT_MS = 5000;

/** A shell of OpenSSH by a rule that ends in some seconds. */
async function shell(atEnd: AtEnd) {
  const person = await stage.person({ key: { type: "ed25519" } });
  const endsAt = Date.now() + LEFT_MS;
  const rule = await stage.allow(person, target, { expiresAt: new Date(endsAt).toISOString(), atEnd });
  const client = ssh(stage, person, direct(person, target), [], { options: ["-tt"] });
  client.write("echo ready-$((20+3))\n");
  await client.shows(/^ready-23\r$/m);
  expect(Date.now()).toBeLessThan(endsAt);
  return { person, endsAt, rule, client, session: await sessionOf(stage, person) };
}

const isLetIn = async (person: Person): Promise<boolean> =>
  (await ssh(stage, person, direct(person, target), ["echo in"]).done).out.toString() === "in\n";

/** What the audit says of the session, oldest first: action and reason. */
async function story(sessionId: string): Promise<unknown[]> {
  const { items } = await stage.admin.call(listAuditEvents, { targetId: sessionId });
  // Its recording is sealed beside it, sooner or later.
  const own = items.toReversed().filter(({ action }) => action !== "recording.seal");
  return own.map(({ action, fields }) => {
    const input = (fields as { input?: { reason?: string; words?: string } }).input;
    return [action, input?.reason ?? input?.words ?? null];
  });
}

describe.concurrent("when a rule ends by the clock, its live sessions", () => {
  it("are cut at once", async () => {
    const { client, endsAt, session, person } = await shell({ what: "cut" });
    const { code, err } = await client.done;
    expect(Math.abs(Date.now() - endsAt)).toBeLessThan(1000);
    expect([code, client.out() + err]).toEqual([
      255,
      expect.stringMatching(/The time of the permission for this session is over\./),
    ]);
    expect(await endOf(stage, session.id)).toMatchObject({ endReason: "expired" });
    expect(await isLetIn(person)).toBe(false);
    expect(await story(session.id)).toEqual([
      ["session.open", null],
      ["session.end", "expired"],
    ]);
  }, 30_000);

  it("are kept, while no new one begins; deleting the rule ends them", async () => {
    const { client, endsAt, session, person, rule } = await shell({ what: "keep" });
    await client.shows(/You may finish here; no new session will be let in\./, "any", LEFT_MS + 2000);
    expect(Math.abs(Date.now() - endsAt)).toBeLessThan(1500);
    expect(await isLetIn(person)).toBe(false);
    await pause(3000);
    client.write("echo still-$((1+1))\n");
    await client.shows(/^still-2\r$/m);
    await stage.admin.call(deleteGrant, { id: rule.id });
    const deleted = Date.now();
    await client.done;
    expect(Date.now() - deleted).toBeLessThan(1000);
    expect(await endOf(stage, session.id)).toMatchObject({ endReason: "revoked" });
  }, 40_000);

  it("are warned, and cut after the minutes of the rule", async () => {
    const { client, endsAt, session, person } = await shell({ what: "warn", minutes: 1 });
    await client.shows(/It will be closed in 1 minute: save your work\./, "any", LEFT_MS + 2000);
    expect(await isLetIn(person)).toBe(false);
    client.write("echo still-$((1+1))\n");
    await client.shows(/^still-2\r$/m);
    await client.done;
    expect(Math.abs(Date.now() - endsAt - 60_000)).toBeLessThan(1500);
    expect(await endOf(stage, session.id)).toMatchObject({ endReason: "expired" });
    expect(await story(session.id)).toEqual([
      ["session.open", null],
      ["session.outlive", expect.stringMatching(/closed in 1 minute/)],
      ["session.end", "expired"],
    ]);
  }, 90_000);

  it("in a browser hear it beside the stream, also whoever takes the terminal up again", async () => {
    const person = await stage.person();
    const client = await stage.program.signIn(person.loginName, person.password);
    const expiresAt = new Date(Date.now() + LEFT_MS).toISOString();
    await stage.allow(person, target, { expiresAt, atEnd: { what: "keep" } });
    const { assetId, accountId } = target;
    const first = openSocket(stage, client, `/terminal?assetId=${assetId}&accountId=${accountId}`);
    const { sessionId, until } = await first.notice("opened");
    expect(until).toBe(expiresAt);
    expect(await first.notice("notice", LEFT_MS + 3000)).toMatchObject({ text: expect.stringMatching(/may finish/) });
    const second = openSocket(stage, client, `/terminal/${sessionId}`);
    expect(await second.notice("notice")).toMatchObject({ text: expect.stringMatching(/may finish/) });
    second.tell({ type: "close" });
  }, 30_000);
});
