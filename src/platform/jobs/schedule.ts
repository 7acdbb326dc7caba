import { Cron } from "croner";
import { sql } from "kysely";
import { systemActor } from "../../core/index.ts";
import type { Database, Db } from "../../db/index.ts";
import type { createJobStarter } from "./job.ts";
import type { AnyJobKind } from "./kind.ts";

/** When a schedule runs. A cron expression has five fields and is read in the time zone (UTC if none is given). */
export type Timing = { readonly cron: string; readonly timeZone?: string } | { readonly everyMinutes: number };

/** A job of the installation that starts by itself. Only one process starts it, and never before its last run has ended. */
export interface Schedule {
  /** A word in kebab-case, unique among all schedules. */
  readonly key: string;
  readonly kind: AnyJobKind;
  readonly input: unknown;
  /** Asked anew every few seconds, so it may come from settings; null: not now. A run that was missed is made up once. */
  when(): Promise<Timing | null>;
}

/** Declares a schedule. A fixed timing is checked at start-up; an input that the kind refuses throws, too. */
export function schedule(given: {
  readonly key: string;
  readonly kind: AnyJobKind;
  readonly input: unknown;
  readonly when: Timing | (() => Promise<Timing | null>);
}): Schedule {
  const { key, kind, when } = given;
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(key)) throw new Error(`Not a key of a schedule: ${key}`);
  kind.input.parse(given.input);
  if (typeof when !== "function") nextRun(when, new Date());
  return {
    key,
    kind,
    input: given.input,
    when: typeof when === "function" ? when : async () => when,
  };
}

/** The first moment after `from`; throws for an expression or a time zone that cannot be read, or that never comes. */
export function nextRun(timing: Timing, from: Date): Date {
  if ("everyMinutes" in timing) {
    if (!(timing.everyMinutes >= 1)) throw new RangeError("A schedule runs every minute at most");
    return new Date(from.getTime() + timing.everyMinutes * 60_000);
  }
  const next = new Cron(timing.cron, { timezone: timing.timeZone ?? "UTC", mode: "5-part" }).nextRun(from);
  if (!next) throw new RangeError(`The schedule "${timing.cron}" never comes`);
  return next;
}

const LOOK_MS = 15_000;

interface Deps {
  readonly database: Database;
  readonly schedules: readonly Schedule[];
  readonly enqueue: ReturnType<typeof createJobStarter>["enqueue"];
  readonly now: () => Date;
  readonly say: (message: string, error?: unknown) => void;
}

/** Starts what is due, every few seconds, in every process that works. */
export function startSchedules(deps: Deps): { stop(): Promise<void> } {
  const keys = new Set(deps.schedules.map(({ key }) => key));
  if (keys.size !== deps.schedules.length) throw new Error("Two schedules share a key");
  let looking: Promise<void> | undefined;
  const look = (): void => {
    looking ??= startDue(deps)
      .catch((error: unknown) => deps.say("looking for due schedules failed", error))
      .finally(() => (looking = undefined));
  };
  const timer = setInterval(look, LOOK_MS);
  look();
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** One look at all schedules. */
export async function startDue(deps: Deps): Promise<void> {
  const { database, schedules } = deps;
  if (schedules.length === 0) return;
  const now = deps.now();
  const rows = await database.db.selectFrom("job_schedule").selectAll().execute();
  const known = new Map(rows.map((row) => [row.key, row]));
  for (const one of schedules) {
    try {
      const timing = await one.when();
      const row = known.get(one.key);
      if (timing === null) {
        if (row) await database.db.deleteFrom("job_schedule").where("key", "=", one.key).execute();
        continue;
      }
      const text = JSON.stringify(timing);
      const next = nextRun(timing, now);
      if (!row || row.timing !== text) await plan(database.db, one.key, text, next);
      else if (row.next_at <= now) await start(deps, one, now, next);
    } catch (error) {
      deps.say(`the schedule ${one.key} cannot be followed`, error);
    }
  }
}

async function plan(db: Db, key: string, timing: string, next_at: Date): Promise<void> {
  await db
    .insertInto("job_schedule")
    .values({ key, timing, next_at })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ timing, next_at }))
    .execute();
}

/** Moving the moment on is what decides between processes. */
async function start({ database, enqueue }: Deps, one: Schedule, now: Date, next: Date): Promise<void> {
  await database.transaction(async (db) => {
    const moved = await sql`
      update job_schedule set next_at = ${next} where key = ${one.key} and next_at <= ${now}`.execute(db);
    if (moved.numAffectedRows !== 1n) return;
    await enqueue(db, systemActor(null), one.kind, one.input, { scheduleKey: one.key });
  });
}
