import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deleteGrant } from "../../src/assets/schema.ts";
import { listAuditEvents } from "../../src/audit/schema.ts";
import { readSession, terminateSession } from "../../src/sessions/schema.ts";
import type { Client } from "../support/program.ts";
import { direct, ssh } from "./clients.ts";
import { endOf, eventually, type Person, sessionOf, setStage, type Stage, stored, type Target } from "./stage.ts";
import { replay, shownIn } from "./replay.ts";
import { openSocket, type Socket } from "./web-socket.ts";

let stage: Stage;
let target: Target;
let person: Person;
let client: Client;
let stranger: Client;
let rule: { id: string; version: number };
const GRACE_MS = 2000;

beforeAll(async () => {
  stage = await setStage({ args: ["--terminal-grace", "2"] });
  target = await stage.target({ name: "web-box" });
  person = await stage.person({ key: { type: "ed25519" } });
  rule = await stage.allow(person, target);
  client = await stage.program.signIn(person.loginName, person.password);
  const other = await stage.person();
  await stage.allow(other, target);
  stranger = await stage.program.signIn(other.loginName, other.password);
}, 60_000);
afterAll(() => stage?.close(), 30_000);

const place = (size = "cols=90&rows=25"): string =>
  `/terminal?assetId=${target.assetId}&accountId=${target.accountId}&${size}`;

async function terminal(who = client): Promise<{ socket: Socket; id: string }> {
  const socket = openSocket(stage, who, place());
  const { sessionId } = await socket.notice("opened");
  return { socket, id: sessionId };
}

describe("a web terminal", () => {
  it("opens, types, resizes and closes; all of it is recorded", async () => {
    const { socket, id } = await terminal();
    expect(await socket.notice("opened")).toMatchObject({
      asset: "web-box",
      account: "root",
      recorded: true,
      until: null,
    });
    socket.type("stty size; echo größe-漢字-$((1+1))\r");
    await socket.shows(/^25 90\r$/m);
    await socket.shows(/^größe-漢字-2\r$/m);
    socket.tell({ type: "resize", cols: 120, rows: 40 });
    socket.type("stty size\r");
    await socket.shows(/^40 120\r$/m);
    socket.tell({ type: "ping" });
    await socket.notice("pong");
    socket.tell({ type: "close" });
    await socket.whenEnded();
    const ended = await endOf(stage, id);
    expect(ended).toMatchObject({ via: "console", kind: "shell", endReason: "closed", user: { id: person.id } });
    await stored(stage, id);
    expect((await shownIn(stage, id)).toString("utf8")).toBe(socket.out());
    expect(await replay(stage, id)).toContainEqual([expect.any(Number), "r", "120x40"]);
  });

  it("tells how the shell ended", async () => {
    const { socket, id } = await terminal();
    socket.type("exit 9\r");
    expect(await socket.notice("ended")).toMatchObject({ reason: "exited", exitCode: 9 });
    expect(await socket.whenEnded()).toBe(1000);
    expect(await endOf(stage, id)).toMatchObject({ endReason: "exited", exitCode: 9 });
  });

  it("is taken up again after its socket dropped, with the screen drawn anew", async () => {
    const { socket, id } = await terminal();
    socket.type("echo kept-$((40+2))\r");
    await socket.shows(/^kept-42\r$/m);
    socket.drop();
    await socket.whenEnded();
    expect((await stage.admin.call(readSession, { id })).state).toBe("live");
    const again = openSocket(stage, client, `/terminal/${id}?cols=90&rows=25`);
    await again.shows(/^kept-42\r$/m);
    expect(await again.notice("opened")).toMatchObject({ sessionId: id });
    again.type("echo more-$((40+3))\r");
    await again.shows(/^more-43\r$/m);
    const third = openSocket(stage, client, `/terminal/${id}`);
    await third.shows(/^more-43\r$/m);
    expect(await again.whenEnded()).toBe(4000);
    third.type("exit\r");
    await third.whenEnded();
    await endOf(stage, id);
  });

  it("ends when nobody comes back in time", async () => {
    const { socket, id } = await terminal();
    const dropped = performance.now();
    socket.drop();
    expect(await endOf(stage, id, GRACE_MS + 3000)).toMatchObject({ endReason: "client_lost" });
    expect(performance.now() - dropped).toBeGreaterThan(GRACE_MS - 200);
    const late = openSocket(stage, client, `/terminal/${id}`);
    expect(await late.whenEnded()).not.toBe(1000);
    expect(late.out()).toBe("");
  });

  it("gives all of a flood, in order, however slowly it is read", async () => {
    const { socket, id } = await terminal();
    socket.type("stty -echo; seq 1 200000; exit\r");
    await socket.whenEnded(20_000);
    const numbers =
      socket
        .out()
        .match(/^\d+(?=\r$)/gm)
        ?.map(Number) ?? [];
    expect(numbers.length).toBe(200_000);
    expect(numbers.every((number, index) => number === index + 1)).toBe(true);
    await endOf(stage, id);
  }, 40_000);
});

describe("refused is", () => {
  it("a terminal from a page of somebody else, from no page, and without a sign-in", async () => {
    const ended = await Promise.all([
      openSocket(stage, client, place(), { origin: "https://elsewhere.example" }).whenEnded(),
      openSocket(stage, client, place(), { origin: null }).whenEnded(),
      openSocket(stage, stage.program.anonymous(), place()).whenEnded(),
    ]);
    expect(ended).toEqual([403, 403, 4401]);
  });

  it("an asset that no rule gives", async () => {
    const nobody = await stage.person();
    const without = await stage.program.signIn(nobody.loginName, nobody.password);
    const socket = openSocket(stage, without, place());
    expect(await socket.whenEnded()).toBe(4403);
    expect(socket.notices.filter(({ type }) => type !== "fault")).toEqual([]);
  });

  it("the terminal of another: to take it up and to watch it", async () => {
    const { socket, id } = await terminal();
    const tries = [`/terminal/${id}`, `/sessions/${id}/watch`].map((path) => openSocket(stage, stranger, path));
    expect(await Promise.all(tries.map((attempt) => attempt.whenEnded()))).toEqual([4404, 4403]);
    socket.type("echo mine-$((1+1))\r");
    await socket.shows(/^mine-2\r$/m);
    for (const attempt of tries) expect(attempt.out()).toBe("");
    const foreign = openSocket(stage, stage.admin, `/terminal/${id}`);
    expect(await foreign.whenEnded()).toBe(4404);
    socket.tell({ type: "close" });
    await endOf(stage, id);
  });
});

describe("a watcher", () => {
  it("sees what is on the screen of an SSH session, then all that follows, and its end; the watching is audited", async () => {
    const shell = ssh(stage, person, direct(person, target), [], { options: ["-tt"] });
    shell.write("echo early-$((1+1))\n");
    await shell.shows(/^early-2\r$/m);
    const { id } = await sessionOf(stage, person);
    const watcher = openSocket(stage, stage.admin, `/sessions/${id}/watch`);
    await watcher.shows(/^early-2\r$/m);
    expect(await watcher.notice("size")).toMatchObject({ cols: 80, rows: 24 });
    shell.write("echo later-$((1+2))\n");
    await watcher.shows(/^later-3\r$/m);
    watcher.type("echo intruded\n");
    shell.write("echo last-$((1+3))\n");
    await watcher.shows(/^last-4\r$/m);
    expect(shell.out()).not.toContain("intruded");
    expect(shell.out().endsWith(watcher.out().slice(-100))).toBe(true);
    await stage.admin.call(terminateSession, { id, reason: "enough" });
    expect(await watcher.notice("ended")).toMatchObject({
      reason: "terminated",
      detail: expect.stringMatching(/enough/),
    });
    expect((await shell.done).code).toBe(255);
    const { items } = await stage.admin.call(listAuditEvents, { action: "session.watch", targetId: id });
    expect(items).toMatchObject([{ outcome: "ok", actor: { name: "Ada Admin" } }]);
  });

  it("is announced at a web terminal, and follows its size", async () => {
    const { socket, id } = await terminal();
    const watcher = openSocket(stage, stage.admin, `/sessions/${id}/watch`);
    await eventually("the watcher's name", () =>
      socket.notices.some((notice) => notice.type === "watchers" && notice.names.includes("Ada Admin")),
    );
    socket.tell({ type: "resize", cols: 100, rows: 33 });
    await expect.poll(() => watcher.notices).toContainEqual({ type: "size", cols: 100, rows: 33 });
    watcher.drop();
    await eventually("the watcher's leaving", () => {
      const last = socket.notices.findLast((notice) => notice.type === "watchers");
      return last?.type === "watchers" && last.names.length === 0;
    });
    socket.tell({ type: "close" });
    await endOf(stage, id);
  });

  it("finds nothing when the session is over", async () => {
    const { socket, id } = await terminal();
    socket.tell({ type: "close" });
    await endOf(stage, id);
    expect(await openSocket(stage, stage.admin, `/sessions/${id}/watch`).whenEnded()).toBe(4409);
  });
});

it("ends within a second when the rule goes, with words", async () => {
  const { socket, id } = await terminal();
  await stage.admin.call(deleteGrant, { id: rule.id });
  const answered = performance.now();
  expect(await socket.notice("ended")).toMatchObject({
    reason: "revoked",
    detail: expect.stringMatching(/permission/i),
  });
  expect(performance.now() - answered).toBeLessThan(1000);
  expect(await endOf(stage, id)).toMatchObject({ endReason: "revoked" });
  expect(await openSocket(stage, client, place()).whenEnded()).toBe(4403);
});
