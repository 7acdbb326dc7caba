import { CompiledQuery, sql } from "kysely";
import type { Db } from "../../db/index.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { EVENT_SQL, type EventRow, MOMENT_SQL } from "./event-row.ts";

export const FIRST_POSITION = "-9223372036854775808";
const LAST_POSITION = "9223372036854775807";
const SEALER_LOCK = 5_317_411_204;

export interface Link {
  readonly position: number;
  readonly eventId: string;
  readonly hash: Buffer;
}

/** Whether an event waits for its place in the chain. */
export async function hasUnsealed(db: Db): Promise<boolean> {
  const { rows } = await sql`select from audit_unsealed limit 1`.execute(db);
  return rows.length > 0;
}

/** Takes the right to extend the chain until the transaction ends; false while another process has it. */
export async function lockChain(db: Db): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${SEALER_LOCK}) as taken`.execute(db);
  return rows[0]!.taken;
}

export async function readHead(db: Db): Promise<{ position: number; hash: Buffer } | null> {
  const { rows } = await sql<{ position: number; hash: Buffer }>`
    select position, hash from audit_seal order by position desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Takes the oldest `limit` events out of the queue; `taken` counts them, `rows` are those that are not in the chain yet. */
export async function takeUnsealed(db: Db, limit: number): Promise<{ taken: number; rows: EventRow[] }> {
  const { rows } = await db.executeQuery<EventRow & { sealed: boolean }>(
    CompiledQuery.raw(
      `with taken as (
         delete from audit_unsealed where ctid = any(array(select ctid from audit_unsealed order by event_id limit $1))
         returning event_id)
       select ${EVENT_SQL}, e.id is null or s.event_id is not null as sealed
       from taken left join audit_event e on e.id = taken.event_id left join audit_seal s on s.event_id = e.id
       order by e.at, e.id`,
      [limit],
    ),
  );
  return { taken: rows.length, rows: rows.filter(({ sealed }) => !sealed) };
}

export async function appendLinks(db: Db, links: readonly Link[]): Promise<void> {
  const ids = links.map(({ eventId }) => eventId);
  const hashes = links.map(({ hash }) => hash);
  await sql`insert into audit_seal (position, event_id, hash)
    select ${links[0]!.position - 1}::bigint + n, e, h
    from unnest(${ids}::uuid[], ${hashes}::bytea[]) with ordinality as t (e, h, n)`.execute(db);
}

export async function insertCheckpoint(db: Db, checkpoint: Checkpoint): Promise<void> {
  const { position, hash, at, keyId, signature } = checkpoint;
  await sql`insert into audit_checkpoint (position, hash, at, key_id, signature)
    values (${position}, decode(${hash}, 'hex'), ${at}, ${keyId}, decode(${signature}, 'hex'))`.execute(db);
}

/** A row of the chain as it is found, whatever was done to it; positions as text, for they may be anything. */
export interface SealRow {
  readonly position: string;
  readonly event_id: string;
  readonly hash: string;
  readonly event: EventRow | null;
}

/** Seals after a position, in order. */
export async function readSeals(db: Db, after: string, limit: number): Promise<SealRow[]> {
  const { rows } = await db.executeQuery<Omit<SealRow, "event"> & EventRow>(
    CompiledQuery.raw(
      `select s.position::text as position, s.event_id, encode(s.hash, 'hex') as hash, ${EVENT_SQL}
       from audit_seal s left join audit_event e on e.id = s.event_id
       where s.position > $1::bigint order by s.position limit $2`,
      [after, limit],
    ),
  );
  return rows.map(({ position, event_id, hash, ...event }) => ({
    position,
    event_id,
    hash,
    event: event.id === null ? null : event,
  }));
}

/** A checkpoint as it is found. */
export interface CheckpointRow {
  readonly position: string;
  readonly hash: string;
  readonly at: string;
  readonly keyId: string;
  readonly signature: string;
}

/** Checkpoints after a position up to another, in order; without `to` all that follow. */
export async function readCheckpoints(db: Db, after: string, to: string = LAST_POSITION): Promise<CheckpointRow[]> {
  const { rows } = await db.executeQuery<CheckpointRow>(
    CompiledQuery.raw(
      `select e.position::text as position, encode(e.hash, 'hex') as hash, ${MOMENT_SQL} as at, e.key_id as "keyId",
       encode(e.signature, 'hex') as signature from audit_checkpoint e
       where e.position > $1::bigint and e.position <= $2::bigint order by e.position limit 100000`,
      [after, to],
    ),
  );
  return rows;
}

/** The id that ends the next `size` events after `after`; null when fewer are left. */
export async function endOfWindow(db: Db, after: string, size: number): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select id from audit_event where id > ${after} order by id offset ${size - 1} limit 1`.execute(db);
  return rows[0]?.id ?? null;
}

/** Events in (`after`, `to`] that are not in the chain; `queued` says whether the sealer knows of them. */
export async function readUnsealed(db: Db, after: string, to: string): Promise<(EventRow & { queued: boolean })[]> {
  const { rows } = await db.executeQuery<EventRow & { queued: boolean }>(
    CompiledQuery.raw(
      `select ${EVENT_SQL}, e.id in (select event_id from audit_unsealed) as queued from audit_event e
       where e.id > $1 and e.id <= $2 and not exists (select from audit_seal s where s.event_id = e.id) order by e.id`,
      [after, to],
    ),
  );
  return rows;
}
