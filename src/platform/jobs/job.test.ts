import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, Fault, secret } from "../../core/index.ts";
import { type AnyJobKind, type JobContext, type JobKind, jobKind, type JobPlace, type JobResult } from "../index.ts";
import {
  cancelJob,
  cancelMyJob,
  type Job,
  listJobResults,
  listJobs,
  listMyJobResults,
  listMyJobs,
  readJob,
  readMyJob,
} from "../schema.ts";

const Count = z.object({ items: z.number().int().min(0).default(3), code: secret(z.string().max(50)).default("") });

let door: Door;
let admin: Actor;
let ann: Actor & { id: string };
let bob: Actor;
let stranger: Actor;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("admin", { roles: ["administrator"] });
  ann = await door.person("ann");
  bob = await door.person("bob");
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
});
afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
  await sql`delete from job`.execute(door.db);
});
afterAll(() => door.close());

/** A kind whose work is the test's. */
const kindOf = (
  run: (context: JobContext<z.output<typeof Count>>) => Promise<string | void>,
  more: Partial<AnyJobKind> = {},
): JobKind<typeof Count> =>
  jobKind({
    key: "probe",
    title: "Probe",
    permission: null,
    input: Count,
    afterCrash: "restart",
    run,
    ...more,
  });

async function work(...kinds: AnyJobKind[]): Promise<void> {
  const working = await door.platform.work({ kinds, schedules: [], templates: [], receiverOf: async () => null });
  stops.push(() => working.stop());
}

const start = (kind: AnyJobKind, input: object = {}, actor: Actor = ann): Promise<string> =>
  door.database.transaction((db) => door.platform.startJob(db, actor, kind, input));

const seen = (id: string): Promise<Job> => door.call(ann, readMyJob, { id });
const ended = async (id: string): Promise<Job> => {
  await expect.poll(async () => (await seen(id)).endedAt, { timeout: 8000, interval: 20 }).not.toBeNull();
  return seen(id);
};

describe("a job", () => {
  test("runs after the commit, tells how far it is, and keeps what became of each item", async () => {
    const kind = kindOf(async ({ input, progress, result }) => {
      for (let n = 1; n <= input.items; n++) {
        await result({ outcome: n % 2 ? "ok" : "failed", subject: `item-${n}`, message: n % 2 ? "" : "Refused." });
        progress(n, input.items);
      }
      return "All seen.";
    });
    await work(kind);
    const id = await start(kind, { items: 250 });
    expect(await ended(id)).toMatchObject({
      kind: "probe",
      title: "Probe",
      state: "done",
      done: 250,
      total: 250,
      results: 250,
      message: "All seen.",
      startedBy: { id: ann.id, name: "ann" },
    });
    const first = await door.call(ann, listMyJobResults, { id, limit: 200 });
    const rest = await door.call(ann, listMyJobResults, { id, limit: 200, cursor: first.next ?? "" });
    expect([...first.items, ...rest.items].map(({ number }) => number)).toEqual(
      Array.from({ length: 250 }, (_, n) => n + 1),
    );
    expect(rest.next).toBeNull();
    const failed = await door.call(ann, listMyJobResults, { id, outcome: "failed", search: "item-24" });
    expect(failed.items.map(({ subject }) => subject)).toEqual([
      "item-24",
      "item-240",
      "item-242",
      "item-244",
      "item-246",
      "item-248",
    ]);
    expect((await door.events("job.end")).at(-1)).toMatchObject({ outcome: "ok", target_id: id });
  });

  test("is not there when the transaction that starts it fails", async () => {
    const kind = kindOf(async () => {});
    await work(kind);
    const failing = door.database.transaction(async (db) => {
      await door.platform.startJob(db, ann, kind, {});
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect((await door.call(ann, listMyJobs, {})).items).toEqual([]);
  });

  test("needs its kind's permission, and an input that the kind takes", async () => {
    const kind = kindOf(async () => {}, { permission: "user.create" });
    expect(await door.codeOf(start(kind))).toBe("denied");
    expect(await door.codeOf(start(kind, {}, admin))).toBe("ok");
    expect(await door.codeOf(start(kind, { items: -1 }, admin))).toBe("invalid");
  });

  test("says a Fault's words when it fails, and hides those of a mistake", async () => {
    const fault = kindOf(async () => {
      throw new Fault("upstream", "The directory did not answer.");
    });
    const bug = kindOf(
      async () => {
        throw new Error("secret detail");
      },
      { key: "bug" },
    );
    await work(fault, bug);
    expect(await ended(await start(fault))).toMatchObject({
      state: "failed",
      message: "The directory did not answer.",
    });
    const id = await start(bug);
    const failed = await ended(id);
    expect(failed).toMatchObject({ state: "failed" });
    expect(failed.message).toContain(id);
    expect(failed.message).not.toContain("secret detail");
    expect(door.said.at(-1)?.error).toMatchObject({ message: "secret detail" });
    expect((await door.events("job.end")).at(-1)).toMatchObject({ outcome: "error", target_id: id });
  });

  test("keeps an input with secrets sealed, and no input at all once it has ended", async () => {
    let heard: unknown;
    const kind = kindOf(async ({ input }) => void (heard = input));
    const id = await start(kind, { items: 7, code: "hush-hush" });
    const row = () => door.db.selectFrom("job").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const waiting = await row();
    expect(waiting.input).toBeNull();
    expect(Buffer.concat(waiting.sealed_input ?? []).includes("hush-hush")).toBe(false);
    await work(kind);
    await ended(id);
    expect(heard).toEqual({ items: 7, code: "hush-hush" });
    expect(await row()).toMatchObject({ input: null, sealed_input: null });
  });

  test("takes an input of several pieces, and refuses what is too much", async () => {
    let length = 0;
    const input = z.object({ rows: z.array(secret(z.string())) });
    const kind = jobKind({
      ...kindOf(async () => {}),
      key: "large",
      input,
      run: async ({ input: { rows } }) => void (length = rows.length),
    });
    await work(kind);
    await ended(await start(kind, { rows: Array(20_000).fill("x".repeat(100)) }));
    expect(length).toBe(20_000);
    expect(await door.codeOf(start(kind, { rows: Array(20).fill("x".repeat(1_000_000)) }))).toBe("too_large");
  });

  test("belongs to whoever started it; others of the organization need the permission, other organizations see nothing", async () => {
    const kind = kindOf(async () => {});
    const id = await start(kind);
    const tries: [string, Promise<unknown>][] = [
      ["ok", door.call(admin, readJob, { id })],
      ["ok", door.call(admin, listJobResults, { id })],
      ["denied", door.call(bob, readJob, { id })],
      ["denied", door.call(bob, cancelJob, { id })],
      ["not_found", door.call(bob, readMyJob, { id })],
      ["not_found", door.call(bob, listMyJobResults, { id })],
      ["not_found", door.call(bob, cancelMyJob, { id })],
      ["not_found", door.call(stranger, readJob, { id })],
      ["not_found", door.call(stranger, cancelJob, { id })],
      ["not_found", door.call(stranger, listJobResults, { id })],
    ];
    const codes = await Promise.all(tries.map(([, tried]) => door.codeOf(tried)));
    expect(codes).toEqual(tries.map(([code]) => code));
    expect((await door.call(admin, listJobs, {})).items.map((job) => job.id)).toEqual([id]);
    expect((await door.call(stranger, listJobs, {})).items).toEqual([]);
    expect((await door.call(bob, listMyJobs, {})).items).toEqual([]);
    expect((await door.call(admin, listJobs, { state: "done" })).items).toEqual([]);
  });

  test("works off at most four at once, each of them once", async () => {
    let running = 0;
    let most = 0;
    const runs = new Map<string, number>();
    const kind = kindOf(async ({ id }) => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      most = Math.max(most, ++running);
      await pause(30);
      running--;
    });
    const ids = [];
    for (let n = 0; n < 20; n++) ids.push(await start(kind));
    await work(kind);
    for (const id of ids) await ended(id);
    expect(most).toBe(4);
    expect([...runs.values()]).toEqual(Array(20).fill(1));
  });
});

describe("cancelling", () => {
  test("ends a queued job at once, and it never runs", async () => {
    let ran = false;
    const kind = kindOf(async () => void (ran = true));
    const id = await start(kind);
    expect(await door.call(ann, cancelMyJob, { id })).toMatchObject({ state: "cancelled", cancelling: false });
    await work(kind);
    await pause(200);
    expect(ran).toBe(false);
    expect(await door.codeOf(door.call(ann, cancelMyJob, { id }))).toBe("conflict");
  });

  test("reaches a running job within moments, and what it has done stays", async () => {
    const kind = kindOf(async ({ step, signal }) => {
      const place: JobPlace = { done: 1, total: 9 };
      const first: JobResult = { outcome: "ok", subject: "first", message: "" };
      await step(async () => ({ place, results: [first] }));
      await pause(20_000, undefined, { signal });
    });
    await work(kind);
    const id = await start(kind);
    await expect.poll(async () => (await seen(id)).done, { timeout: 3000, interval: 20 }).toBe(1);
    const asked = performance.now();
    expect(await door.call(admin, cancelJob, { id })).toMatchObject({ state: "running", cancelling: true });
    expect(await ended(id)).toMatchObject({ state: "cancelled", done: 1, results: 1, message: null });
    expect(performance.now() - asked).toBeLessThan(1000);
  });

  test("a step of a cancelled job is rolled back", async () => {
    const begun = Promise.withResolvers<void>();
    const kind = kindOf(async ({ step, signal }) => {
      await step(async (db) => {
        await sql`insert into setting (key) values ('half-done')`.execute(db);
        begun.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        return { place: { done: 1, total: 1 } };
      });
    });
    await work(kind);
    const id = await start(kind);
    await begun.promise;
    await door.call(ann, cancelMyJob, { id });
    expect(await ended(id)).toMatchObject({ state: "cancelled", done: 0 });
    const { rows } = await sql`select 1 from setting where key = 'half-done'`.execute(door.db);
    expect(rows).toEqual([]);
  });
});

describe("a job that another process has taken over", () => {
  const take = (id: string) => sql`update job set attempt = attempt + 1 where id = ${id}`.execute(door.db);
  const heldByTheOther = (id: string) => seen(id).then(({ state, done, results }) => ({ state, done, results }));

  test("takes no step, no result, no progress and no end from the one that lost it", async () => {
    const gone = Promise.withResolvers<void>();
    const tried: string[] = [];
    const kind = kindOf(async ({ id, step, result, progress }) => {
      await step(async () => ({ place: { done: 1, total: 9 } }));
      await take(id);
      const late = step(async (db) => {
        await sql`insert into setting (key) values ('late')`.execute(db);
        return { place: { done: 2, total: 9 }, results: [{ outcome: "ok", subject: "late", message: "" }] };
      });
      tried.push(
        await late.then(
          () => "taken",
          (error: Error) => error.name,
        ),
      );
      progress(5, 9);
      await result({ outcome: "ok", subject: "later", message: "" });
      gone.resolve();
    });
    await work(kind);
    const id = await start(kind);
    await gone.promise;
    await pause(700);
    expect(tried).toEqual(["Lost"]);
    expect(await heldByTheOther(id)).toEqual({ state: "running", done: 1, results: 0 });
    expect((await sql`select 1 from setting where key = 'late'`.execute(door.db)).rows).toEqual([]);
  });

  test("is not ended by the one that lost it", async () => {
    const kind = kindOf(async ({ id }) => void (await take(id)));
    await work(kind);
    const id = await start(kind);
    await pause(700);
    expect(await heldByTheOther(id)).toMatchObject({ state: "running" });
  });
});

describe("when the program stops", () => {
  test("a kind that can go on is given back, and goes on behind its last step", async () => {
    const places: number[] = [];
    const kind = kindOf(
      async ({ from, step, signal, input }) => {
        places.push(from.done);
        for (let n = from.done + 1; n <= input.items; n++) {
          await step(async () => ({
            place: { done: n, total: input.items, checkpoint: { after: n } },
            results: [{ outcome: "ok", subject: `item-${n}`, message: "" }],
          }));
          if (n === 2 && places.length === 1) await pause(20_000, undefined, { signal });
        }
      },
      { afterCrash: "resume" },
    );
    const first = await door.platform.work({
      kinds: [kind],
      schedules: [],
      templates: [],
      receiverOf: async () => null,
    });
    const id = await start(kind, { items: 5 });
    await expect.poll(async () => (await seen(id)).done, { timeout: 3000, interval: 20 }).toBe(2);
    await first.stop();
    expect(await seen(id)).toMatchObject({ state: "queued", done: 2 });
    await work(kind);
    expect(await ended(id)).toMatchObject({ state: "done", done: 5, results: 5 });
    expect(places).toEqual([0, 2]);
  });

  test("a kind that starts over loses its results, one that may not be repeated fails", async () => {
    let round = 0;
    const waiting = async ({ result, progress, signal }: JobContext<unknown>): Promise<void> => {
      await result({ outcome: "ok", subject: `round-${++round}`, message: "" });
      progress(1, 2);
      if (round <= 2) await pause(20_000, undefined, { signal });
    };
    const over = kindOf(waiting, { key: "over" });
    const once = kindOf(waiting, { key: "once", afterCrash: "fail" });
    const first = await door.platform.work({
      kinds: [over, once],
      schedules: [],
      templates: [],
      receiverOf: async () => null,
    });
    const ids = [await start(over), await start(once)];
    for (const id of ids) await expect.poll(async () => (await seen(id)).results, { timeout: 3000 }).toBe(1);
    await first.stop();
    expect(await seen(ids[1]!)).toMatchObject({ state: "failed", message: expect.stringContaining("stopped") });
    await work(over, once);
    expect(await ended(ids[0]!)).toMatchObject({ state: "done", results: 1 });
    expect((await door.call(ann, listMyJobResults, { id: ids[0]! })).items).toMatchObject([
      { number: 1, subject: "round-3" },
    ]);
  });
});

describe("in SQL", () => {
  test("a job that has ended stays as it ended and keeps no input", async () => {
    const id = await start(kindOf(async () => {}));
    await door.call(ann, cancelMyJob, { id });
    const change = (text: ReturnType<typeof sql>) => sql`update job set ${text} where id = ${id}`.execute(door.db);
    await expect(change(sql`state = 'queued', ended_at = null`)).rejects.toThrow("stays as it ended");
    await expect(change(sql`input = '{}'`)).rejects.toThrow("job_keeps_no_input_once_ended");
    await expect(change(sql`ended_at = null`)).rejects.toThrow("job_ends_with_its_state");
  });
});
