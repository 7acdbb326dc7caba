import { sql } from "kysely";
import { type Db, page } from "../../db/index.ts";
import type { Job } from "./schema.ts";

/** Which jobs somebody may see: the organization's, one's own among them, or the site's as well. */
export interface Sight {
  readonly orgId: string | null;
  readonly starter: string | null;
  readonly site: boolean;
}

const COLUMNS = [
  "id",
  "kind",
  "title",
  "started_by",
  "started_by_name",
  "state",
  "done",
  "total",
  "results",
  "message",
  "cancel_asked_at",
  "created_at",
  "started_at",
  "ended_at",
] as const;

const visible = (db: Db, { orgId, starter, site }: Sight) => {
  const query = db
    .selectFrom("job")
    .select(COLUMNS)
    .where((row) => row.or([row("org_id", "=", orgId), ...(site ? [row("org_id", "is", null)] : [])]));
  return starter === null ? query : query.where("started_by", "=", starter);
};

type Row = Awaited<ReturnType<ReturnType<typeof visible>["executeTakeFirstOrThrow"]>>;

const toJob = (row: Row): Job => ({
  id: row.id,
  kind: row.kind,
  title: row.title,
  startedBy: { id: row.started_by, name: row.started_by_name },
  state: row.state as Job["state"],
  cancelling: row.cancel_asked_at !== null && row.ended_at === null,
  done: row.done,
  total: row.total,
  results: row.results,
  message: row.message,
  createdAt: row.created_at.toISOString(),
  startedAt: row.started_at?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
});

export async function findJob(db: Db, sight: Sight, id: string): Promise<Job | null> {
  const row = await visible(db, sight).where("id", "=", id).executeTakeFirst();
  return row ? toJob(row) : null;
}

interface Filter {
  readonly search?: string | undefined;
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export async function listJobs(db: Db, sight: Sight, filter: Filter) {
  let query = visible(db, sight);
  if (filter.state) query = query.where("state", "=", filter.state);
  if (filter.kind) query = query.where("kind", "=", filter.kind);
  if (filter.search) query = query.where(sql<boolean>`strpos(lower(title), lower(${filter.search})) > 0`);
  const { limit, cursor } = filter;
  const found = await page(query, { by: "created_at", id: "id", direction: "desc", limit, cursor });
  return { items: found.items.map(toJob), next: found.next };
}

export async function listResults(
  db: Db,
  id: string,
  filter: Omit<Filter, "state" | "kind"> & { outcome?: string | undefined },
) {
  let query = db.selectFrom("job_result").select(["number", "outcome", "subject", "message"]).where("job_id", "=", id);
  if (filter.outcome) query = query.where("outcome", "=", filter.outcome);
  if (filter.search) {
    query = query.where(sql<boolean>`strpos(lower(subject || ' ' || message), lower(${filter.search})) > 0`);
  }
  return page(query, { by: "number", id: "number", limit: filter.limit, cursor: filter.cursor });
}

export interface NewJob {
  readonly id: string;
  readonly orgId: string | null;
  readonly kind: string;
  readonly title: string;
  readonly startedBy: string | null;
  readonly startedByName: string;
  /** Undefined when it is sealed, and added afterwards. */
  readonly input: unknown;
  readonly scheduleKey: string | null;
}

/** False when the schedule's last job has not ended. */
export async function insertJob(db: Db, job: NewJob): Promise<boolean> {
  const made = await db
    .insertInto("job")
    .values({
      id: job.id,
      org_id: job.orgId,
      kind: job.kind,
      title: job.title,
      started_by: job.startedBy,
      started_by_name: job.startedByName,
      input: job.input === undefined ? null : JSON.stringify(job.input),
      schedule_key: job.scheduleKey,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return made.numInsertedOrUpdatedRows === 1n;
}

/** A queued job ends at once, a running one is asked to. */
export async function askToCancel(db: Db, id: string): Promise<void> {
  await sql`
    update job set cancel_asked_at = coalesce(cancel_asked_at, clock_timestamp()),
      state = case state when 'queued' then 'cancelled' else state end,
      ended_at = case state when 'queued' then clock_timestamp() end,
      input = case state when 'queued' then null else input end,
      sealed_input = case state when 'queued' then null else sealed_input end
    where id = ${id} and ended_at is null`.execute(db);
}
