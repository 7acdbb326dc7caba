import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listSessions, type Session } from "../../src/sessions/schema.ts";
import { direct, type Running, ssh } from "./clients.ts";
import { shownIn } from "./replay.ts";
import { eventually, type Person, processesOf, setStage, type Stage, stored, type Target } from "./stage.ts";

const MANY = 200;
/** So many clients start at once; the machine starts no more processes a second anyway. */
const AT_ONCE = 20;

/** Connections to the database that a gateway may hold from now on, and a few of chance. */
const POOL = 10 + 3;

let stage: Stage;
let target: Target;
let person: Person;

beforeAll(async () => {
  stage = await setStage();
  target = await stage.target();
  person = await stage.person({ key: { type: "ed25519" } });
  await stage.allow(person, target);
}, 60_000);
afterAll(() => stage?.close(), 30_000);

const handles = (): number[] => processesOf(stage, "gateway").map((pid) => readdirSync(`/proc/${pid}/fd`).length);
const memory = (): number[] =>
  processesOf(stage, "gateway").map((pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]),
  );

async function all(): Promise<Session[]> {
  const found: Session[] = [];
  for (let cursor: string | undefined | null = undefined; cursor !== null; ) {
    const page: { items: Session[]; next: string | null } = await stage.admin.call(listSessions, {
      limit: 200,
      ...(cursor && { cursor }),
    });
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

it("200 sessions at once, through 200 clients, all recorded, none left afterwards", async () => {
  expect((await ssh(stage, person, direct(person, target), ["true"]).done).code).toBe(0);
  const [handlesBefore, memoryBefore] = [handles(), memory()];

  const clients: Running[] = [];
  const open = async (): Promise<void> => {
    while (clients.length < MANY) {
      const number = clients.length;
      const client = ssh(stage, person, direct(person, target), [`echo open-${number}; cat`]);
      clients.push(client);
      await client.shows(/^open-\d+$/m, "out", 30_000);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  expect(clients).toHaveLength(MANY);
  const live = (await all()).filter(({ state }) => state === "live");
  expect(live).toHaveLength(MANY);

  for (const [number, client] of clients.entries()) client.write(`ping-${number}\n`);
  await Promise.all(clients.map((client, number) => client.shows(new RegExp(`^ping-${number}$`, "m"), "out", 20_000)));
  for (const client of clients) client.child.stdin.end();
  const done = await Promise.all(clients.map((client) => client.done));
  expect(done.map(({ out }) => out.toString())).toEqual(clients.map((_, number) => `open-${number}\nping-${number}\n`));
  expect(done.every(({ code }) => code === 0)).toBe(true);

  const ended = await eventually("the end of all", async () => {
    const sessions = await all();
    return sessions.every(({ state, endReason }) => state === "ended" && endReason === "exited") && sessions;
  });
  expect(ended).toHaveLength(MANY + 1);
  await eventually(
    "all recordings",
    async () => (await all()).every(({ recording }) => recording.state === "stored" && recording.complete),
    45_000,
  );
  for (const { id, command } of ended.slice(0, MANY).filter((_, index) => index % 40 === 0)) {
    const number = /open-(\d+)/.exec(command ?? "")?.[1];
    await stored(stage, id);
    expect((await shownIn(stage, id)).toString()).toBe(`open-${number}\r\nping-${number}\r\n`);
  }
  expect(readdirSync(`${stage.program.data}/spool`).filter((name) => !name.startsWith("."))).toEqual([]);
  await eventually("the gateways' handles", () =>
    handles().every((count, index) => count <= handlesBefore[index]! + POOL),
  ).catch(() => {
    throw new Error(`${handlesBefore.join(", ")} handles before, ${handles().join(", ")} after`);
  });
  const grown = memory().map((kilobytes, index) => kilobytes - memoryBefore[index]!);
  expect(Math.max(...grown)).toBeLessThan(150_000);
}, 120_000);
