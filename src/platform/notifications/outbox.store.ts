import { sql } from "kysely";
import type { Db } from "../../db/index.ts";
import { storable } from "../text.ts";

export interface NewNotification {
  readonly id: string;
  readonly orgId: string | null;
  readonly userId: string | null;
  readonly address: string | null;
  readonly channel: string;
  readonly template: string;
  readonly content: unknown;
  readonly sealed: Buffer | null;
  readonly giveUpAt: Date;
}

export async function insertNotification(db: Db, row: NewNotification): Promise<void> {
  await db
    .insertInto("notification")
    .values({
      id: row.id,
      org_id: row.orgId,
      user_id: row.userId,
      address: row.address,
      channel: row.channel,
      template: row.template,
      content: JSON.stringify(row.content),
      sealed: row.sealed,
      give_up_at: row.giveUpAt,
    })
    .execute();
}

export interface Waiting {
  readonly id: string;
  readonly orgId: string | null;
  readonly userId: string | null;
  readonly address: string | null;
  readonly channel: string;
  readonly template: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly sealed: Buffer | null;
  /** This one counted. */
  readonly attempts: number;
  readonly late: boolean;
}

/** Takes up to `limit` messages that are due and that nobody else is sending. */
export async function claimWaiting(
  db: Db,
  claim: { readonly channels: readonly string[]; readonly limit: number; readonly seconds: number },
): Promise<readonly Waiting[]> {
  const { rows } = await sql<Waiting>`
    update notification set claimed_until = clock_timestamp() + make_interval(secs => ${claim.seconds}),
      attempts = attempts + 1
    where id in (select id from notification
      where state = 'waiting' and next_at <= clock_timestamp()
        and (claimed_until is null or claimed_until < clock_timestamp())
        and (channel = any(${claim.channels}::text[]) or give_up_at <= clock_timestamp())
      order by next_at limit ${claim.limit} for update skip locked)
    returning id, org_id as "orgId", user_id as "userId", address, channel, template, content, sealed, attempts,
      give_up_at <= clock_timestamp() as late`.execute(db);
  return rows;
}

const own = ({ id, attempts }: Waiting) => sql`id = ${id} and attempts = ${attempts} and state = 'waiting'`;

export async function markSent(db: Db, row: Waiting): Promise<void> {
  await sql`
    update notification set state = 'sent', ended_at = clock_timestamp(), content = null, sealed = null, problem = null
    where ${own(row)}`.execute(db);
}

/** False when somebody else has it by now. */
export async function markGivenUp(db: Db, row: Waiting, problem: string): Promise<boolean> {
  const done = await sql`
    update notification set state = 'given_up', ended_at = clock_timestamp(), content = null, sealed = null,
      problem = ${storable(problem, 1000)}
    where ${own(row)}`.execute(db);
  return done.numAffectedRows === 1n;
}

export async function tryLater(db: Db, row: Waiting, problem: string, seconds: number): Promise<void> {
  await sql`
    update notification set claimed_until = null, problem = ${storable(problem, 1000)},
      next_at = least(clock_timestamp() + make_interval(secs => ${seconds}), greatest(give_up_at, clock_timestamp()))
    where ${own(row)}`.execute(db);
}

/** Removes what ended long ago, a few at a time. */
export async function forgetOldNotifications(db: Db, days: number): Promise<void> {
  await sql`
    delete from notification where id in (select id from notification
      where ended_at < clock_timestamp() - make_interval(days => ${days}) limit 500)`.execute(db);
}
