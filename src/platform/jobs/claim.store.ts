import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import { storable } from "../text.ts";
import type { JobPlace, JobResult } from "./kind.ts";

/** A worker's hold on a job; a later attempt takes it away. */
export interface Claim {
  readonly id: string;
  readonly attempt: number;
}

export interface ClaimedJob extends Claim {
  readonly orgId: string | null;
  readonly kind: string;
  readonly title: string;
  readonly startedBy: string | null;
  readonly startedByName: string;
  readonly input: unknown;
  /** Of the sealed input; 0 when it lies open. */
  readonly pieces: number;
  readonly done: number;
  readonly total: number | null;
  readonly checkpoint: unknown;
  readonly cancelling: boolean;
}

/** Takes the oldest queued job of these kinds, if there is one that nobody else is taking. */
export async function claimJob(db: Db, kinds: readonly string[]): Promise<ClaimedJob | null> {
  const { rows } = await sql<ClaimedJob>`
    update job set state = 'running', attempt = attempt + 1, beat_at = clock_timestamp(),
      started_at = coalesce(started_at, clock_timestamp())
    where id = (select id from job where state = 'queued' and kind = any(${kinds}::text[])
      order by created_at, id limit 1 for update skip locked)
    returning id, attempt, org_id as "orgId", kind, title, started_by as "startedBy", started_by_name as "startedByName",
      input, coalesce(cardinality(sealed_input), 0) as pieces, done, total, checkpoint, cancel_asked_at is not null as cancelling`.execute(
    db,
  );
  return rows[0] ?? null;
}

/** Adds a piece to the sealed input of a job that is being made. */
export async function addPiece(db: Db, id: string, piece: Buffer): Promise<void> {
  await sql`update job set sealed_input = array_append(sealed_input, ${piece}::bytea) where id = ${id}`.execute(db);
}

/** A piece of the sealed input, counted from one. */
export async function readPiece(db: Db, id: string, place: number): Promise<Buffer> {
  const { rows } = await sql<{ piece: Buffer | null }>`
    select sealed_input[${place}::int] as piece from job where id = ${id}`.execute(db);
  const piece = rows[0]?.piece;
  if (!piece) throw new Error("The input of a job is not whole");
  return piece;
}

const held = ({ id, attempt }: Claim) => sql`id = ${id} and attempt = ${attempt} and state = 'running'`;

/** Renews the claims; returns those that still hold, and whether somebody asked the job to end. */
export async function beat(db: Db, claims: readonly Claim[]): Promise<readonly (Claim & { cancelling: boolean })[]> {
  const { rows } = await sql<Claim & { cancelling: boolean }>`
    update job set beat_at = clock_timestamp()
    from unnest(${claims.map(({ id }) => id)}::uuid[], ${claims.map(({ attempt }) => attempt)}::int[]) as mine(id, attempt)
    where job.id = mine.id and job.attempt = mine.attempt and job.state = 'running'
    returning job.id, job.attempt, job.cancel_asked_at is not null as cancelling`.execute(db);
  return rows;
}

/** Writes results and the place reached; false when the claim does not hold any more, and then nothing may be committed. */
export async function writeProgress(
  db: Db,
  claim: Claim,
  written: { readonly place?: JobPlace | undefined; readonly results: readonly JobResult[] },
): Promise<boolean> {
  const { place, results } = written;
  const checkpoint = place && "checkpoint" in place ? JSON.stringify(place.checkpoint) : undefined;
  const { rows } = await sql<{ results: number }>`
    update job set results = results + ${results.length},
      done = coalesce(${place?.done ?? null}::int, done),
      total = case when ${place !== undefined}::boolean then ${place?.total ?? null}::int else total end,
      checkpoint = case when ${checkpoint !== undefined}::boolean then ${checkpoint ?? null}::jsonb else checkpoint end
    where ${held(claim)} returning results`.execute(db);
  const last = rows[0]?.results;
  if (last === undefined) return false;
  if (results.length > 0) await insertResults(db, claim.id, last - results.length, results);
  return true;
}

async function insertResults(db: Db, id: string, before: number, results: readonly JobResult[]): Promise<void> {
  const column = (key: keyof JobResult, length: number) => results.map((row) => storable(row[key], length));
  await sql`
    insert into job_result (job_id, number, outcome, subject, message)
    select ${id}, ${before}::int + row.place::int, row.outcome, row.subject, row.message
    from unnest(${column("outcome", 10)}::text[], ${column("subject", 200)}::text[], ${column("message", 1000)}::text[])
      with ordinality as row(outcome, subject, message, place)`.execute(db);
}

export type Ending = { readonly state: "done" | "failed" | "cancelled"; readonly message: string | null };

/** False when the claim does not hold any more. */
export async function endJob(db: Db, claim: Claim, { state, message }: Ending): Promise<boolean> {
  const done = await sql`
    update job set state = ${state}, message = ${message === null ? null : storable(message, 1000)},
      ended_at = clock_timestamp(), input = null, sealed_input = null
    where ${held(claim)}`.execute(db);
  return done.numAffectedRows === 1n;
}

/** Gives a job back to the queue, so that the next process goes on with it. */
export async function giveBack(db: Db, claim: Claim): Promise<void> {
  await sql`update job set state = 'queued', beat_at = null where ${held(claim)}`.execute(db);
}

/** Removes what an interrupted attempt left, for a kind that starts over; false when the claim does not hold any more. */
export async function startOver(db: Db, claim: Claim): Promise<boolean> {
  const { rows } = await sql`
    with mine as (update job set done = 0, total = null, results = 0, checkpoint = null where ${held(claim)} returning id),
      gone as (delete from job_result where job_id in (select id from mine))
    select id from mine`.execute(db);
  return rows.length === 1;
}

export interface Abandoned extends Claim {
  readonly orgId: string | null;
  readonly kind: string;
  readonly title: string;
  readonly crashes: number;
  readonly cancelling: boolean;
}

/** Jobs whose worker has not been heard of; locked until the transaction ends, and nobody else is given them. */
export async function abandonedJobs(db: Db, silentSeconds: number): Promise<readonly Abandoned[]> {
  const { rows } = await sql<Abandoned>`
    update job set crashes = crashes + 1
    where id in (select id from job where state = 'running'
      and beat_at < clock_timestamp() - make_interval(secs => ${silentSeconds}) limit 100 for update skip locked)
    returning id, attempt, org_id as "orgId", kind, title, crashes, cancel_asked_at is not null as cancelling`.execute(
    db,
  );
  return rows;
}

/** Removes jobs that ended long ago, a few at a time. */
export async function forgetOldJobs(db: Db, days: number): Promise<void> {
  await sql`
    delete from job where id in (select id from job
      where ended_at < clock_timestamp() - make_interval(days => ${days}) limit 20)`.execute(db);
}
