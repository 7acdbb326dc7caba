import { sql } from "kysely";
import type { Db } from "../../db/index.ts";

/** A gateway that has not shown a sign of life for so long is dead. */
const DEAD_AFTER_SECONDS = 10;

export async function enterGateway(db: Db, gateway: { id: string; address: string; pid: number }): Promise<void> {
  await db.insertInto("gateway").values(gateway).execute();
}

/** False when the row is gone: others took this gateway for dead. */
export async function beat(db: Db, id: string): Promise<boolean> {
  const done = await db.updateTable("gateway").set({ beat_at: sql`now()` }).where("id", "=", id).executeTakeFirst();
  return done.numUpdatedRows === 1n;
}

export async function leaveGateway(db: Db, id: string): Promise<void> {
  await db.deleteFrom("gateway").where("id", "=", id).execute();
}

/** The living gateway with the fewest live sessions. */
export async function leastBusyGateway(db: Db): Promise<{ id: string; address: string } | null> {
  const found = await sql<{ id: string; address: string }>`
    select g.id, g.address from gateway g
    where g.beat_at > now() - make_interval(secs => ${DEAD_AFTER_SECONDS})
    order by (select count(*) from session s where s.gateway_id = g.id and s.state <> 'ended'), random() limit 1`.execute(
    db,
  );
  return found.rows[0] ?? null;
}

/** A session that nobody holds any more. */
export interface Orphan {
  id: string;
  orgId: string;
  assetName: string;
}

/** Sessions whose gateway is dead or gone, at most 500. */
export async function orphanedSessions(db: Db): Promise<Orphan[]> {
  const found = await sql<Orphan>`
    select s.id, s.org_id as "orgId", s.asset_name as "assetName" from session s
    where s.state <> 'ended' and not exists (
      select 1 from gateway g where g.id = s.gateway_id and g.beat_at > now() - make_interval(secs => ${DEAD_AFTER_SECONDS}))
    limit 500`.execute(db);
  return found.rows;
}

/** Sessions whose rows say that this gateway holds them, though it does not; those of the last seconds are left out. */
export async function strayedSessions(db: Db, gatewayId: string, held: readonly string[]): Promise<Orphan[]> {
  const found = await sql<Orphan>`
    select s.id, s.org_id as "orgId", s.asset_name as "assetName" from session s
    where s.gateway_id = ${gatewayId} and s.state <> 'ended' and s.id <> all(${[...held]}::uuid[])
      and s.started_at < now() - make_interval(secs => ${DEAD_AFTER_SECONDS}) limit 500`.execute(db);
  return found.rows;
}

/** What was decided elsewhere about sessions that this gateway holds. */
export interface Order {
  id: string;
  /** Its row has ended already. */
  ended: boolean;
  /** Somebody wants it to end, in these words. */
  words: string | null;
}

/** The orders that stand for these sessions. */
export async function ordersFor(db: Db, held: readonly string[]): Promise<Order[]> {
  if (held.length === 0) return [];
  const found = await sql<Order>`
    select s.id, s.state = 'ended' as ended, s.terminate_words as words from session s
    where s.id = any(${[...held]}::uuid[]) and (s.state = 'ended' or s.terminate_words is not null)`.execute(db);
  return found.rows;
}

/** Forgets gateways that are dead and hold no session any more. */
export async function forgetDeadGateways(db: Db): Promise<void> {
  await sql`delete from gateway g where g.beat_at < now() - make_interval(secs => ${DEAD_AFTER_SECONDS})
    and not exists (select 1 from session s where s.gateway_id = g.id and s.state <> 'ended')`.execute(db);
}
