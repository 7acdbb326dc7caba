import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  deleteAsset,
  deleteGrant,
  readAsset,
  updateAccount,
  updateAsset,
  updateGrant,
  listAccounts,
} from "../../src/assets/schema.ts";
import { createGroup, deleteUser, removeGroupMembers, updateUser } from "../../src/iam/schema.ts";
import { listSessions, type Session, terminateSession } from "../../src/sessions/schema.ts";
import { direct, type Running, ssh } from "./clients.ts";
import { openSocket } from "./web-socket.ts";
import {
  endOf,
  eventually,
  pause,
  type Person,
  processesOf,
  sessionOf,
  setStage,
  type Stage,
  type Target,
} from "./stage.ts";

let stage: Stage;
let target: Target;
/** From the answer of the API to the end of the person's client. */
const A_SECOND = 1000;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
}, 60_000);
afterAll(() => stage?.close(), 30_000);

interface Live {
  readonly person: Person;
  readonly client: Running;
  readonly session: Session;
  readonly rule: { id: string; version: number };
}

/** A shell that is going on. */
async function live(on: Target = target, rule: Parameters<Stage["allow"]>[2] = {}): Promise<Live> {
  const person = await stage.person({ key: { type: "ed25519" } });
  const given = await stage.allow(person, on, rule);
  return { ...(await connected(person, on)), rule: given };
}

async function connected(person: Person, on: Target): Promise<Omit<Live, "rule">> {
  const client = ssh(stage, person, direct(person, on), [], { options: ["-tt"] });
  client.write("echo ready-$((20+3))\n");
  await client.shows(/^ready-23\r$/m);
  return { person, client, session: await sessionOf(stage, person) };
}

/** How the client and the row ended after `cut`; `soon`: within a second of its answer. */
async function endBy({ client, session }: Omit<Live, "rule">, cut: () => Promise<unknown>) {
  await cut();
  const answered = performance.now();
  const { code } = await client.done;
  const soon = performance.now() - answered < A_SECOND;
  const { endReason, state } = await endOf(stage, session.id);
  return { code, soon, words: client.out() + client.err(), endReason, state };
}

const ended = (endReason: string, words: RegExp) => ({
  code: 255,
  soon: true,
  words: expect.stringMatching(words),
  endReason,
  state: "ended",
});
/** Ending the connection may overtake the words about the session. */
const REVOKED = ended("revoked", /permission for this session ended|Your access ended/i);

/** What a new command of the person prints. */
async function getsIn(person: Person, on: Target = target): Promise<string> {
  return (await ssh(stage, person, direct(person, on), ["echo in"]).done).out.toString();
}

describe("a live session ends within a second", () => {
  it("when an administrator terminates it, with name and reason", async () => {
    const one = await live();
    const other = await connected(one.person, target);
    const { items } = await stage.admin.call(listSessions, { userId: one.person.id, state: "live" });
    expect(items.map(({ id }) => id).toSorted()).toEqual([one.session.id, other.session.id].toSorted());
    expect(
      await endBy(one, () => stage.admin.call(terminateSession, { id: one.session.id, reason: "maintenance" })),
    ).toEqual(ended("terminated", /Ada Admin ended this session: maintenance/));
    other.client.write("echo still-$((1+1))\nexit\n");
    await other.client.shows(/^still-2\r$/m);
    await other.client.done;
  });

  it("when the rule is deleted", async () => {
    const one = await live();
    expect(await endBy(one, () => stage.admin.call(deleteGrant, { id: one.rule.id }))).toEqual(REVOKED);
    expect(await getsIn(one.person)).toBe("");
  });

  it("when the rule is switched off, and not while another rule covers it", async () => {
    const one = await live();
    const second = await stage.allow(one.person, target);
    await stage.admin.call(updateGrant, { ...one.rule, active: false });
    await pause(500);
    expect((await sessionOf(stage, one.person)).id).toBe(one.session.id);
    expect(
      await endBy(one, () => stage.admin.call(updateGrant, { id: second.id, version: second.version, active: false })),
    ).toEqual(REVOKED);
    expect(await getsIn(one.person)).toBe("");
  });

  it("when the rule loses the account", async () => {
    const one = await live();
    const cut = () => stage.admin.call(updateGrant, { ...one.rule, accounts: { names: ["somebody-else"] } });
    expect(await endBy(one, cut)).toEqual(REVOKED);
    expect(await getsIn(one.person)).toBe("");
  });

  it("when the rule's time is over", async () => {
    const until = Date.now() + 4000;
    const one = await live(target, { expiresAt: new Date(until).toISOString() });
    expect(Date.now()).toBeLessThan(until);
    expect(await endBy(one, () => pause(until - Date.now()))).toEqual(
      ended("expired", /time of the permission for this session is over/),
    );
    expect(await getsIn(one.person)).toBe("");
  });

  it("when the person leaves the group", async () => {
    const person = await stage.person({ key: { type: "ed25519" } });
    const group = await stage.admin.call(createGroup, { name: `group-${person.loginName}`, userIds: [person.id] });
    await stage.allow(person, target, { userIds: [], groupIds: [group.id] });
    const one = await connected(person, target);
    expect(
      await endBy(one, () => stage.admin.call(removeGroupMembers, { id: group.id, userIds: [person.id] })),
    ).toEqual(REVOKED);
    expect(await getsIn(person)).toBe("");
  });

  it("when the person is disabled", async () => {
    const one = await live();
    const { id, version } = one.person.user;
    expect(await endBy(one, () => stage.admin.call(updateUser, { id, version, active: false }))).toEqual(REVOKED);
    expect(await getsIn(one.person)).toBe("");
  });

  it("when the person is deleted", async () => {
    const one = await live();
    expect(await endBy(one, () => stage.admin.call(deleteUser, { id: one.person.id }))).toEqual(REVOKED);
    expect(await getsIn(one.person)).toBe("");
  });

  it("when the asset is disabled", async () => {
    const asset = await stage.target();
    const one = await live(asset);
    const { version } = await stage.admin.call(readAsset, { id: asset.assetId });
    expect(
      await endBy(one, () => stage.admin.call(updateAsset, { id: asset.assetId, version, active: false })),
    ).toEqual(REVOKED);
    expect(await getsIn(one.person, asset)).toBe("");
  });

  it("when the account is disabled", async () => {
    const asset = await stage.target();
    const one = await live(asset);
    const { items } = await stage.admin.call(listAccounts, { assetId: asset.assetId });
    const { id, version } = items[0]!;
    expect(await endBy(one, () => stage.admin.call(updateAccount, { id, version, active: false }))).toEqual(REVOKED);
    expect(await getsIn(one.person, asset)).toBe("");
  });

  it("when the asset is deleted; what is known of it stays", async () => {
    const asset = await stage.target();
    const one = await live(asset);
    expect(await endBy(one, () => stage.admin.call(deleteAsset, { id: asset.assetId }))).toEqual(REVOKED);
    expect(await getsIn(one.person, asset)).toBe("");
    expect((await endOf(stage, one.session.id)).asset.name).toBe(asset.name);
  });
});

it("closes the menu of a person who may not act any more", async () => {
  const person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
  const menu = ssh(stage, person, person.loginName, [], { options: ["-tt"] });
  await menu.shows(/Connect to>/);
  await stage.admin.call(updateUser, { id: person.id, version: person.user.version, active: false });
  const answered = performance.now();
  await menu.done;
  expect(performance.now() - answered).toBeLessThan(A_SECOND);
  expect(menu.err()).toMatch(/Your access ended/);
});

it("goes on while the API is killed, and can be ended when it is back; a web terminal is taken up again", async () => {
  const one = await live();
  const person = await stage.person();
  await stage.allow(person, target);
  const client = await stage.program.signIn(person.loginName, person.password);
  const web = openSocket(stage, client, `/terminal?assetId=${target.assetId}&accountId=${target.accountId}`);
  const { sessionId } = await web.notice("opened");
  web.type("echo web-$((1+1))\r");
  await web.shows(/^web-2\r$/m);
  const [api] = processesOf(stage, "api");
  process.kill(api!, "SIGKILL");
  one.client.write("echo going-$((3+4))\n");
  await one.client.shows(/^going-7\r$/m);
  await eventually("a new API", () => processesOf(stage, "api").some((pid) => pid !== api));
  await eventually(
    "an answer",
    async () => (await fetch(`${stage.program.url}/healthz`).catch(() => null)) !== null,
    15_000,
  );
  one.client.write("echo again-$((3+4))\n");
  await one.client.shows(/^again-7\r$/m);
  expect(await endBy(one, () => stage.admin.call(terminateSession, { id: one.session.id }))).toEqual(
    ended("terminated", /Ada Admin ended this session/),
  );
  await web.whenEnded();
  const again = openSocket(stage, client, `/terminal/${sessionId}`);
  await again.shows(/^web-2\r$/m);
  again.type("exit 0\r");
  expect(await again.notice("ended")).toMatchObject({ reason: "exited", exitCode: 0 });
}, 40_000);

it("ends what is live when the program stops, with words", async () => {
  const { client, session } = await live();
  await stage.program.stop();
  expect((await client.done).code).toBe(255);
  expect(client.out() + client.err()).toMatch(/gate is shutting down/);
  const rows = await stage.query("select id, state, end_reason from session where state <> 'ended' or id = $1", [
    session.id,
  ]);
  expect(rows).toEqual([{ id: session.id, state: "ended", end_reason: "gateway_stopped" }]);
}, 30_000);
