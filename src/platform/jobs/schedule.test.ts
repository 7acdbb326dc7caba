import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, newId } from "../../core/index.ts";
import { jobKind, nextRun, type Schedule, schedule, type Timing } from "../index.ts";
import { listJobs } from "../schema.ts";
import { createJobStarter } from "./job.ts";
import { startDue } from "./schedule.ts";

const sweep = jobKind({
  key: "sweep",
  title: "Sweep",
  permission: null,
  input: z.object({ days: z.number().default(30) }),
  afterCrash: "restart",
  run: async () => {},
});

let door: Door;
let admin: Actor;
let now = new Date();

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
});
afterEach(async () => {
  await sql`delete from job`.execute(door.db);
  await sql`delete from job_schedule`.execute(door.db);
});
afterAll(() => door.close());

const said: unknown[] = [];
const look = (schedules: readonly Schedule[], enqueue = createJobStarter({ sealer: door.sealer }).enqueue) =>
  startDue({
    database: door.database,
    schedules,
    enqueue,
    now: () => now,
    say: (...words) => void said.push(words),
  });
const at = (text: string): void => void (now = new Date(text));
const count = async (): Promise<number> => (await door.call(admin, listJobs, { kind: "sweep" })).items.length;
const endAll = () =>
  sql`update job set state = 'done', ended_at = now(), input = null where ended_at is null`.execute(door.db);
const every = (when: Timing | (() => Promise<Timing | null>)): Schedule =>
  schedule({ key: "nightly", kind: sweep, input: {}, when });

describe("a schedule", () => {
  test.each<[Timing, string, string]>([
    [{ cron: "30 2 * * *" }, "2026-03-01T02:29:59Z", "2026-03-01T02:30:00.000Z"],
    [{ cron: "30 2 * * *" }, "2026-03-01T02:30:00Z", "2026-03-02T02:30:00.000Z"],
    [{ cron: "0 6 * * 1" }, "2026-03-01T12:00:00Z", "2026-03-02T06:00:00.000Z"],
    [{ cron: "30 2 * * *", timeZone: "Asia/Shanghai" }, "2026-03-01T12:00:00Z", "2026-03-01T18:30:00.000Z"],
    [{ cron: "0 12 * * *", timeZone: "Europe/Berlin" }, "2026-03-28T12:00:00Z", "2026-03-29T10:00:00.000Z"],
    [{ everyMinutes: 60 }, "2026-03-01T12:00:00Z", "2026-03-01T13:00:00.000Z"],
  ])("%o after %s runs at %s", (timing, from, next) => {
    expect(nextRun(timing, new Date(from)).toISOString()).toBe(next);
  });

  test.each<Timing>([
    { cron: "* * * *" },
    { cron: "0 0 30 2 *" },
    { cron: "* * * * * *" },
    { cron: "0 0 * * *", timeZone: "Mars/Olympus" },
    { everyMinutes: 0 },
    { everyMinutes: Number.NaN },
  ])("%o is refused when the program starts", (timing) => {
    expect(() => every(timing)).toThrow();
  });

  test("starts its job when it is due, once, whichever of several processes looks", async () => {
    const one = every({ cron: "0 3 * * *" });
    at("2026-03-01T02:00:00Z");
    await look([one]);
    at("2026-03-01T02:59:59Z");
    await look([one]);
    expect(await count()).toBe(0);
    at("2026-03-01T03:00:01Z");
    await Promise.all(Array.from({ length: 6 }, () => look([one])));
    expect(await count()).toBe(1);
    await endAll();
    at("2026-03-01T04:00:00Z");
    await look([one]);
    expect(await count()).toBe(1);
  });

  test("starts it once even when it is over before the other processes look", async () => {
    const { enqueue } = createJobStarter({ sealer: door.sealer });
    const overAtOnce: typeof enqueue = async (db, ...rest) => {
      const id = await enqueue(db, ...rest);
      await sql`update job set state = 'done', ended_at = now(), input = null where id = ${id}`.execute(db);
      return id;
    };
    const one = every({ everyMinutes: 10 });
    at("2026-03-01T02:00:00Z");
    await look([one]);
    at("2026-03-01T02:11:00Z");
    await Promise.all(Array.from({ length: 6 }, () => look([one], overAtOnce)));
    expect(await count()).toBe(1);
  });

  test("makes up once for what it missed, and does not start while its last run goes on", async () => {
    const one = every({ everyMinutes: 10 });
    at("2026-03-01T02:00:00Z");
    await look([one]);
    at("2026-03-04T02:00:00Z");
    await look([one]);
    await look([one]);
    expect(await count()).toBe(1);
    at("2026-03-04T02:11:00Z");
    await look([one]);
    expect(await count()).toBe(1);
    await endAll();
    at("2026-03-04T02:22:00Z");
    await look([one]);
    expect(await count()).toBe(2);
  });

  test("follows settings: a new timing holds at once, none stops it, a broken one is told", async () => {
    let timing: Timing | null = { cron: "0 3 * * *" };
    const one = every(async () => timing);
    at("2026-03-01T02:00:00Z");
    await look([one]);
    timing = { cron: "5 2 * * *" };
    await look([one]);
    at("2026-03-01T02:05:00Z");
    await look([one]);
    expect(await count()).toBe(1);
    await endAll();
    timing = null;
    await look([one]);
    at("2026-03-03T02:05:00Z");
    await look([one]);
    expect(await count()).toBe(1);
    timing = { cron: "nonsense" };
    await look([one]);
    expect(JSON.stringify(said)).toContain("nightly");
  });

  test("two unfinished jobs of one schedule cannot be, in SQL as well", async () => {
    const insert = () =>
      sql`insert into job (id, kind, title, started_by_name, schedule_key) values (${newId()}, 'x', 'x', 'x', 'same')`.execute(
        door.db,
      );
    await insert();
    await expect(insert()).rejects.toThrow("job_of_a_schedule_runs_once");
  });
});
