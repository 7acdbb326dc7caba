import { type SqlBool, sql } from "kysely";
import type { Db } from "../../db/index.ts";
import { decodeCursor, encodeCursor } from "../../db/index.ts";
import { MOMENT_SQL } from "./event-row.ts";

/** A text search looks at this many events per page; `next` goes on from there. */
const SEARCHED = 10_000;
const ORDER = { by: "at", to: "desc" } as const;

export interface EventFilter {
  readonly orgId: string;
  readonly search?: string | undefined;
  readonly action?: string | undefined;
  readonly outcome?: string | undefined;
  readonly actorId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface FoundEvent {
  id: string;
  at: string;
  action: string;
  outcome: string;
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  address: string | null;
  via: string;
  target_kind: string | null;
  target_id: string | null;
  target_name: string | null;
  fields: unknown;
  position: number | null;
}

interface Place {
  readonly at: string;
  readonly id: string;
}

/** One page of events, newest first. With `search` a page may hold fewer than `limit` although `next` is set. */
export async function findEvents(db: Db, filter: EventFilter): Promise<{ items: FoundEvent[]; next: string | null }> {
  const window = filter.search ? SEARCHED : filter.limit + 1;
  const candidates = sql`select * from audit_event where ${conditions(filter)} order by at desc, id desc limit ${window}`;
  const { rows } = await sql<FoundEvent>`
    select e.id, ${sql.raw(MOMENT_SQL)} as at, e.action, e.outcome, e.actor_kind, e.actor_id, e.actor_name, e.address,
      e.via, e.target_kind, e.target_id, e.target_name, e.fields, s.position
    from (${candidates}) e left join audit_seal s on s.event_id = e.id
    where ${matches(filter.search)} order by e.at desc, e.id desc limit ${filter.limit + 1}`.execute(db);
  const items = rows.slice(0, filter.limit);
  if (rows.length > filter.limit) return { items, next: cursorOf(items.at(-1)!) };
  const end = filter.search ? await endOfSearch(db, filter) : null;
  return { items, next: end && cursorOf(end) };
}

/** The last event a search looked at; null when it saw them all. */
async function endOfSearch(db: Db, filter: EventFilter): Promise<Place | null> {
  const { rows } = await sql<Place>`
    select ${sql.raw(MOMENT_SQL)} as at, e.id from audit_event e where ${conditions(filter)}
    order by e.at desc, e.id desc offset ${SEARCHED - 1} limit 1`.execute(db);
  return rows[0] ?? null;
}

function conditions(filter: EventFilter) {
  const all = [sql<SqlBool>`org_id = ${filter.orgId}`];
  if (filter.action) all.push(sql<SqlBool>`action = ${filter.action}`);
  if (filter.actorId) all.push(sql<SqlBool>`actor_id = ${filter.actorId}`);
  if (filter.targetId) all.push(sql<SqlBool>`target_id = ${filter.targetId}`);
  if (filter.from) all.push(sql<SqlBool>`at >= ${filter.from}`);
  if (filter.to) all.push(sql<SqlBool>`at < ${filter.to}`);
  if (filter.outcome) all.push(sql<SqlBool>`outcome = ${filter.outcome}`);
  // The partial index of the outcomes does not hold "ok".
  if (filter.outcome && filter.outcome !== "ok") all.push(sql<SqlBool>`outcome <> 'ok'`);
  if (filter.cursor !== undefined) {
    const { key, id } = decodeCursor(filter.cursor, ORDER);
    all.push(sql<SqlBool>`(at, id) < (${key}::timestamptz, ${id}::uuid)`);
  }
  return sql.join(all, sql` and `);
}

function matches(search: string | undefined) {
  if (!search) return sql<SqlBool>`true`;
  const pattern = `%${search.replace(/[\\%_]/g, "\\$&")}%`;
  // One comparison instead of three: half the time of a search that finds little.
  return sql<SqlBool>`concat_ws(E'\\n', e.action, e.actor_name, e.target_name) ilike ${pattern}`;
}

const cursorOf = ({ at, id }: Place): string => encodeCursor({ ...ORDER, key: at, id });

/** Counts without reading the whole trail: positions have no gaps, the queue is short. */
export async function readStatus(db: Db) {
  const { rows } = await sql<{
    sealed: number;
    unsealed: number;
    position: number | null;
    hash: string | null;
    at: Date | null;
    keyId: string | null;
  }>`
    select coalesce((select max(position) from audit_seal), 0) as sealed,
      (select count(*) from audit_unsealed) as unsealed,
      c.position, encode(c.hash, 'hex') as hash, c.at, c.key_id as "keyId"
    from (select) one left join lateral (select * from audit_checkpoint order by position desc limit 1) c on true`.execute(
    db,
  );
  return rows[0]!;
}
