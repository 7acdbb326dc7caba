import { sql } from "kysely";
import { newId } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { AccessBody } from "./schema.ts";

/** A permission rule that a request makes. */
export interface RequestedGrant {
  readonly orgId: string;
  readonly ticketId: string;
  readonly name: string;
  readonly comment: string;
  readonly userId: string;
  readonly body: Pick<AccessBody, "assets" | "nodes" | "accounts" | "actions">;
  readonly startsAt: Date;
  readonly expiresAt: Date;
}

/** Makes the rule with those of its assets and nodes that are still there; null, and no rule, when none is. */
export async function insertRequestedGrant(db: Db, grant: RequestedGrant): Promise<string | null> {
  const { orgId, body } = grant;
  const id = newId();
  await db
    .insertInto("access_grant")
    .values({
      id,
      org_id: orgId,
      name: grant.name,
      comment: grant.comment,
      starts_at: grant.startsAt,
      expires_at: grant.expiresAt,
      account_names: [...body.accounts],
      all_protocols: true,
      actions: [...body.actions],
      ticket_id: grant.ticketId,
    })
    .execute();
  const idsOf = (rows: readonly { id: string }[]): string[] => rows.map((row) => row.id);
  const assets = await sql`insert into grant_asset (org_id, grant_id, asset_id)
    select org_id, ${id}::uuid, id from asset where org_id = ${orgId} and id = any (${idsOf(body.assets)}::uuid[])`.execute(
    db,
  );
  const nodes = await sql`insert into grant_node (org_id, grant_id, node_id)
    select org_id, ${id}::uuid, id from node where org_id = ${orgId} and id = any (${idsOf(body.nodes)}::uuid[])`.execute(
    db,
  );
  await db.insertInto("grant_user").values({ org_id: orgId, grant_id: id, user_id: grant.userId }).execute();
  return (assets.numAffectedRows ?? 0n) + (nodes.numAffectedRows ?? 0n) > 0n ? id : null;
}

/** Switches off the rule that a ticket made, whatever somebody has changed of it since. */
export async function switchOffGrant(db: Db, orgId: string, ticketId: string, now: Date): Promise<void> {
  await sql`update access_grant set active = false, version = version + 1, updated_at = ${now}
    where org_id = ${orgId} and ticket_id = ${ticketId} and active`.execute(db);
}

/** How many tickets of the kind that somebody asked wait, and how many of them are older than so many hours. */
export async function waitingTickets(
  db: Db,
  { orgId, userId, kind, hours, now }: { orgId: string; userId: string; kind: string; hours: number; now: Date },
): Promise<{ readonly waiting: number; readonly overdue: number }> {
  const { rows } = await sql<{ waiting: number; overdue: number }>`
    select count(*)::int as waiting,
      count(*) filter (where created_at <= ${now}::timestamptz - make_interval(hours => ${hours}))::int as overdue
    from ticket where org_id = ${orgId} and asked_by = ${userId} and kind = ${kind} and state = 'pending'
      and (expires_at is null or expires_at > ${now})`.execute(db);
  return rows[0] ?? { waiting: 0, overdue: 0 };
}

/**
 * When the last so many requests of somebody began that were asked within the hour before, whatever became of them;
 * null: there were fewer.
 */
export async function begunWithinHour(
  db: Db,
  { orgId, userId, kind, many, now }: { orgId: string; userId: string; kind: string; many: number; now: Date },
): Promise<Date | null> {
  const { rows } = await sql<{ at: Date }>`
    select created_at as at from ticket
    where org_id = ${orgId} and asked_by = ${userId} and kind = ${kind}
      and created_at > ${now}::timestamptz - interval '1 hour'
    order by created_at desc offset ${many - 1} limit 1`.execute(db);
  return rows[0]?.at ?? null;
}

/** The last decision about a person's tickets of the kind, when it was a rejection; at the same moment a rejection counts. */
export async function lastRejection(
  db: Db,
  { orgId, userId, kind }: { orgId: string; userId: string; kind: string },
): Promise<{ readonly at: Date; readonly by: string } | null> {
  const { rows } = await sql<{ state: string; at: Date; by: string }>`
    select state, decided_at as at, decided_by_name as by from ticket
    where org_id = ${orgId} and asked_by = ${userId} and kind = ${kind} and state in ('approved', 'rejected')
    order by decided_at desc, state desc limit 1`.execute(db);
  const [last] = rows;
  return last?.state === "rejected" ? last : null;
}

/** Names of people who may decide about somebody's waiting tickets of the kind, at most five. */
export async function namesOfWaitedFor(
  db: Db,
  { orgId, userId, kind }: { orgId: string; userId: string; kind: string },
): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select u.name from users u where u.active and u.id in (
      select unnest(reviewers) from ticket
      where org_id = ${orgId} and asked_by = ${userId} and kind = ${kind} and state = 'pending')
    order by u.sort_name, u.id limit 5`.execute(db);
  return rows.map(({ name }) => name);
}

/** Makes what one person asks at the same moment wait for each other, so that bounds hold. */
export async function lockAsker(db: Db, orgId: string, userId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`access request ${orgId} ${userId}`}, 0))`.execute(db);
}

/** Active administrators of the organization, at most so many. */
export async function administratorsOf(db: Db, orgId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select u.id from role_binding b join users u on u.id = b.user_id
    where b.org_id = ${orgId} and b.role_id = 'administrator' and u.active and u.kind = 'person'
    order by u.sort_name, u.id limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}
