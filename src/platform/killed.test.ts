import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../test/security/door.ts";
import { MAIL_USER, startMailServer } from "../../test/support/smtp.ts";
import type { Actor } from "../core/index.ts";
import { greeting, kinds, STEPS } from "./process.fixture.ts";
import { type Job, listJobResults, readJob, updateSettings } from "./schema.ts";

const FIXTURE = join(import.meta.dirname, "process.fixture.ts");

let door: Door;
let admin: Actor;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});
afterAll(() => door.close());

async function startProcess(how = ""): Promise<ChildProcess> {
  const child = spawn(process.execPath, [FIXTURE, door.url, how], { stdio: ["ignore", "pipe", "inherit"] });
  stops.push(() => kill(child));
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function work(): Promise<void> {
  const { stop } = await door.platform.work({
    kinds: kinds(false),
    schedules: [],
    templates: [greeting],
    receiverOf: door.receiverOf,
  });
  stops.push(stop);
}

const seen = (id: string): Promise<Job> => door.call(admin, readJob, { id });

describe("a process that is killed", () => {
  test("in the middle of jobs: within a minute each goes on, starts over or fails, as its kind says", async () => {
    const child = await startProcess("hang");
    const ids: Record<string, string> = {};
    for (const kind of kinds(true)) {
      ids[kind.key] = await door.platform.startJob(door.db, admin, kind, {});
    }
    for (const id of Object.values(ids))
      await expect.poll(async () => (await seen(id)).done, { timeout: 5000 }).toBe(2);
    await kill(child);
    const killed = performance.now();
    await work();
    for (const id of Object.values(ids)) {
      await expect.poll(async () => (await seen(id)).endedAt, { timeout: 60_000, interval: 200 }).not.toBeNull();
    }
    const seconds = (performance.now() - killed) / 1000;
    expect(seconds).toBeLessThan(45);
    const resultsOf = async (key: string) =>
      (await door.call(admin, listJobResults, { id: ids[key]! })).items.map(({ number, message }) => [
        number,
        message === `by ${child.pid}` ? "dead" : "alive",
      ]);
    expect(await seen(ids.resume!)).toMatchObject({ state: "done", done: STEPS });
    expect(await resultsOf("resume")).toEqual([
      [1, "dead"],
      [2, "dead"],
      [3, "alive"],
      [4, "alive"],
      [5, "alive"],
    ]);
    expect(await seen(ids.restart!)).toMatchObject({ state: "done", done: STEPS });
    expect((await resultsOf("restart")).map(([, who]) => who)).toEqual(Array(5).fill("alive"));
    expect(await seen(ids.fail!)).toMatchObject({
      state: "failed",
      done: 2,
      message: expect.stringContaining("The process that ran it died"),
    });
    expect((await door.events("job.end")).map(({ outcome }) => outcome)).toContain("error");
  }, 90_000);

  test("three times in the middle of the same job ends it, whatever its kind says", async () => {
    const [kind] = kinds(true);
    const id = await door.platform.startJob(door.db, admin, kind!, {});
    await sql`update job set state = 'running', attempt = 3, crashes = 2, beat_at = now() - interval '1 minute' where id = ${id}`.execute(
      door.db,
    );
    await work();
    await expect.poll(async () => (await seen(id)).state, { timeout: 5000 }).toBe("failed");
    expect((await seen(id)).message).toContain("died 3 times");
  });

  test("and comes back from a long pause writes nothing into a job that another has taken", async () => {
    const child = await startProcess("hang");
    const [resume] = kinds(true);
    const id = await door.platform.startJob(door.db, admin, resume!, {});
    await expect.poll(async () => (await seen(id)).done, { timeout: 5000 }).toBe(2);
    child.kill("SIGSTOP");
    await sql`update job set beat_at = now() - interval '1 minute' where id = ${id}`.execute(door.db);
    await work();
    await expect.poll(async () => (await seen(id)).state, { timeout: 5000 }).toBe("done");
    child.kill("SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await seen(id)).toMatchObject({ state: "done", done: STEPS, results: STEPS, message: null });
  });

  test("while it sends: the message is not lost, and its repetition bears the same Message-ID", async () => {
    const heard = Promise.withResolvers<string>();
    const never = await startMailServer({
      onData(stream) {
        let text = "";
        stream.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => heard.resolve(text));
      },
    });
    const server = await startMailServer();
    stops.push(never.stop, server.stop);
    const mail = (to: typeof server, version: number) => ({
      key: "mail",
      version,
      values: {
        host: "localhost",
        port: to.port,
        user: MAIL_USER.user,
        password: MAIL_USER.password,
        fromAddress: "gate@example.org",
        caCertificate: to.certificate,
      },
    });
    await door.call(admin, updateSettings, mail(never, 0));
    const child = await startProcess();
    await door.platform.notify(door.db, {
      to: { address: "ada@example.org" },
      orgId: null,
      template: greeting,
      values: { name: "Ada" },
    });
    const first = await heard.promise;
    await kill(child);
    await door.call(admin, updateSettings, mail(server, 1));
    const row = () => door.db.selectFrom("notification").selectAll().executeTakeFirstOrThrow();
    const left = await row();
    expect(left).toMatchObject({ state: "waiting", attempts: 1 });
    const wait = (left.claimed_until!.getTime() - Date.now()) / 1000;
    expect(wait).toBeGreaterThan(60);
    expect(wait).toBeLessThan(91);
    await work();
    expect(server.received).toEqual([]);
    await sql`update notification set claimed_until = now() - interval '1 second'`.execute(door.db);
    await expect.poll(() => server.received.length, { timeout: 10_000 }).toBe(1);
    const id = server.received[0]?.messageId ?? "none";
    expect(first).toContain(`Message-ID: ${id}`);
    await expect.poll(async () => (await row()).state).toBe("sent");
  }, 40_000);
});
