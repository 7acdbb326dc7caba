import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAuditEvents } from "../../src/audit/schema.ts";
import {
  changeMyPassword,
  listUserSshKeys,
  removeUserSshKey,
  setUserPassword,
  signOut,
  updateUser,
} from "../../src/iam/schema.ts";
import { openRecording, readRecording } from "../../src/sessions/schema.ts";
import type { Client } from "../support/program.ts";
import { direct, type Running, ssh } from "./clients.ts";
import { openSocket, type Socket } from "./web-socket.ts";
import { endOf, pause, type Person, sessionOf, setStage, type Stage, stored, type Target } from "./stage.ts";

let stage: Stage;
let target: Target;
/** A session that others watch. */
let watched: { client: Running; id: string };
const A_SECOND = 1000;
/** The gateway's code of a socket that it closes with a refusal. */
const REFUSED = 4403;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target({ name: "watched-box" });
  const { client, person } = await shell(await guest());
  watched = { client, id: (await sessionOf(stage, person)).id };
}, 60_000);
afterAll(async () => {
  watched?.client.write("exit\n");
  await watched?.client.done;
  await stage?.close();
}, 30_000);

async function guest(options: Parameters<Stage["person"]>[0] = { key: { type: "ed25519" } }): Promise<Person> {
  const person = await stage.person(options);
  await stage.allow(person, target);
  return person;
}

async function shell(person: Person): Promise<{ person: Person; client: Running }> {
  const client = ssh(stage, person, direct(person, target), [], { options: ["-tt"] });
  client.write("echo ready-$((20+3))\n");
  await client.shows(/^ready-23\r$/m);
  return { person, client };
}

/** How long it took until the work was done, from the answer to `cut`. */
async function after(cut: () => Promise<unknown>, work: () => Promise<unknown>): Promise<number> {
  await cut();
  const answered = performance.now();
  await work();
  return performance.now() - answered;
}

describe("who watches is shown out within a second", () => {
  async function watcher(): Promise<{ person: Person; client: Client; socket: Socket }> {
    const person = await stage.person({ roles: ["auditor"] });
    const client = await stage.program.signIn(person.loginName, person.password);
    const socket = openSocket(stage, client, `/sessions/${watched.id}/watch`);
    await socket.shows(/ready-23/);
    return { person, client, socket };
  }

  async function expectShownOut(socket: Socket, cut: () => Promise<unknown>): Promise<void> {
    const took = await after(cut, async () => expect(await socket.whenEnded()).toBe(REFUSED));
    expect(took).toBeLessThan(A_SECOND);
    expect(socket.notices).toContainEqual({ type: "fault", code: "denied", message: "Your access ended." });
    const shown = socket.out();
    watched.client.write("echo after\n");
    await pause(100);
    expect(socket.out()).toBe(shown);
  }

  it("when disabled", async () => {
    const { person, socket } = await watcher();
    const { id, version } = person.user;
    await expectShownOut(socket, () => stage.admin.call(updateUser, { id, version, active: false }));
  });

  it("when the role is taken", async () => {
    const { person, socket } = await watcher();
    const { id, version } = person.user;
    await expectShownOut(socket, () => stage.admin.call(updateUser, { id, version, roles: ["user"] }));
  });

  it("when signed out", async () => {
    const { client, socket } = await watcher();
    await expectShownOut(socket, () => client.call(signOut, {}));
  });

  it("when removed from the organization", async () => {
    const { person, socket } = await watcher();
    await expectShownOut(socket, () => stage.query("delete from membership where user_id = $1", [person.id]));
  });

  it("and others go on watching", async () => {
    const [one, other] = [await watcher(), await watcher()];
    await expectShownOut(one.socket, () => one.client.call(signOut, {}));
    watched.client.write("echo going-$((40+2))\n");
    await other.socket.shows(/^going-42\r$/m);
    other.socket.drop();
  });
});

describe("what was let in by a proof ends with it, within a second", () => {
  it("a web terminal, when its console session is signed out; not that of another console session", async () => {
    const person = await guest();
    const [one, other] = [
      await stage.program.signIn(person.loginName, person.password),
      await stage.program.signIn(person.loginName, person.password),
    ];
    const path = `/terminal?assetId=${target.assetId}&accountId=${target.accountId}`;
    const [mine, stays] = [openSocket(stage, one, path), openSocket(stage, other, path)];
    const { sessionId } = await mine.notice("opened");
    await stays.notice("opened");
    const took = await after(
      () => one.call(signOut, {}),
      () => mine.whenEnded(),
    );
    expect(took).toBeLessThan(A_SECOND);
    expect(await endOf(stage, sessionId)).toMatchObject({ endReason: "revoked", endDetail: "Your access ended." });
    stays.type("echo here-$((40+2)); exit\r");
    await stays.shows(/^here-42\r$/m);
    await stays.whenEnded();
  });

  async function expectShownOut({ person, client }: { person: Person; client: Running }, cut: () => Promise<unknown>) {
    const { id } = await sessionOf(stage, person);
    expect(await after(cut, () => client.done)).toBeLessThan(A_SECOND);
    expect((await client.done).code).toBe(255);
    expect(client.out() + client.err()).toMatch(/Your access ended/);
    expect(await endOf(stage, id)).toMatchObject({ endReason: "revoked", endDetail: "Your access ended." });
  }

  it("an SSH connection, when the key is removed", async () => {
    const one = await shell(await guest());
    const { id } = one.person;
    const { items } = await stage.admin.call(listUserSshKeys, { id });
    await expectShownOut(one, () => stage.admin.call(removeUserSshKey, { id, keyId: items[0]!.id }));
  });

  it("an SSH connection, when an administrator sets another password", async () => {
    const one = await shell(await guest({}));
    const password = "another-password-of-some-length";
    await expectShownOut(one, () => stage.admin.call(setUserPassword, { id: one.person.id, password }));
  });

  it("an SSH connection by password, when the person changes it; one by key goes on", async () => {
    const person = await guest();
    const byKey = await shell(person);
    const byPassword = await shell({ ...person, keyFile: "" });
    const client = await stage.program.signIn(person.loginName, person.password);
    const change = { current: person.password, next: "another-password-of-some-length" };
    await expectShownOut(byPassword, () => client.call(changeMyPassword, change));
    byKey.client.write("echo here-$((40+2)); exit\n");
    await byKey.client.shows(/^here-42\r$/m);
    await byKey.client.done;
  });
});

it("a recording is read only by who opened it, which is written down each time", async () => {
  const person = await guest();
  await ssh(stage, person, direct(person, target), ["echo seen"]).done;
  const { id } = await stored(stage, (await sessionOf(stage, person, "ended")).id);
  const viewer = async () => {
    const auditor = await stage.person({ roles: ["auditor"] });
    return { auditor, client: await stage.program.signIn(auditor.loginName, auditor.password) };
  };
  const [one, other] = [await viewer(), await viewer()];
  const DENIED = { status: 403, code: "denied" };
  await expect(one.client.call(readRecording, { id })).rejects.toMatchObject(DENIED);
  await one.client.call(openRecording, { id });
  expect((await one.client.call(readRecording, { id })).chunks.length).toBeGreaterThan(0);
  await expect(other.client.call(readRecording, { id })).rejects.toMatchObject(DENIED);
  await one.client.call(openRecording, { id });
  const { items } = await stage.admin.call(listAuditEvents, { action: "recording.open", targetId: id });
  expect(items.map(({ actor, outcome }) => [actor.id, outcome])).toEqual(Array(2).fill([one.auditor.id, "ok"]));
});
