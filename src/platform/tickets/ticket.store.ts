import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { TicketPerson } from "./kind.ts";
import type { TicketState } from "./schema.ts";

/** Which tickets somebody may see: the organization's, or those one asked, reviews, or either. */
export interface Sight {
  readonly orgId: string;
  readonly as: "anybody" | "asker" | "reviewer" | "either";
  readonly userId: string;
}

const asked = (userId: string) => sql<boolean>`t.asked_by = ${userId}::uuid`;
const reviews = (userId: string) => sql<boolean>`t.reviewers @> array[${userId}::uuid]`;

function seenBy({ as, userId }: Sight) {
  if (as === "anybody") return sql<boolean>`true`;
  if (as === "asker") return asked(userId);
  if (as === "reviewer") return reviews(userId);
  return sql<boolean>`(${asked(userId)} or ${reviews(userId)})`;
}

const tickets = (db: Db, sight: Sight) =>
  db
    .selectFrom("ticket as t")
    .where("t.org_id", "=", sight.orgId)
    .where(seenBy(sight))
    .selectAll("t")
    .select(
      sql<TicketPerson[]>`coalesce((select json_agg(json_build_object('id', u.id, 'name', u.name) order by u.sort_name)
        from users u where u.id = any (t.reviewers)), '[]'::json)`.as("people"),
    );

export type Row = Awaited<ReturnType<ReturnType<typeof tickets>["executeTakeFirstOrThrow"]>>;

export const findTicket = (db: Db, sight: Sight, id: string): Promise<Row | undefined> =>
  tickets(db, sight).where("t.id", "=", id).executeTakeFirst();

interface Filter {
  readonly search?: string | undefined;
  readonly state?: TicketState | undefined;
  readonly kind?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export async function listRows(db: Db, sight: Sight, filter: Filter, now: Date) {
  let query = tickets(db, sight);
  const over = sql<boolean>`(t.state = 'pending' and t.expires_at <= ${now})`;
  if (filter.state === "pending") query = query.where(sql<boolean>`t.state = 'pending' and ${over} is not true`);
  else if (filter.state === "expired") query = query.where(sql<boolean>`(t.state = 'expired' or ${over})`);
  else if (filter.state) query = query.where("t.state", "=", filter.state);
  if (filter.kind) query = query.where("t.kind", "=", filter.kind);
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) => row.or([row("t.title", "ilike", pattern), row("t.asked_by_name", "ilike", pattern)]));
  }
  const { limit, cursor } = filter;
  return page(query, { by: "t.created_at", id: "t.id", direction: "desc", limit, cursor });
}

/** Makes whoever else decides the same ticket wait; undefined when the organization has none of that id. */
export async function lockTicket(db: Db, orgId: string, id: string) {
  return db
    .selectFrom("ticket")
    .selectAll()
    .where("org_id", "=", orgId)
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
}
export type LockedRow = NonNullable<Awaited<ReturnType<typeof lockTicket>>>;

/** Pending tickets whose time is over, the longest first. */
export const findExpired = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom("ticket")
    .select(["id", "org_id", "title"])
    .where("state", "=", "pending")
    .where("expires_at", "<=", now)
    .orderBy("expires_at")
    .limit(limit)
    .execute();

export interface NewTicket {
  readonly id: string;
  readonly orgId: string;
  readonly kind: string;
  readonly title: string;
  readonly reason: string;
  readonly body: unknown;
  readonly askedBy: TicketPerson;
  readonly reviewers: readonly string[];
  readonly expiresAt: Date | null;
  readonly now: Date;
}

export async function insertTicket(db: Db, ticket: NewTicket): Promise<void> {
  await db
    .insertInto("ticket")
    .values({
      id: ticket.id,
      org_id: ticket.orgId,
      kind: ticket.kind,
      title: ticket.title,
      reason: ticket.reason,
      body: JSON.stringify(ticket.body),
      asked_by: ticket.askedBy.id,
      asked_by_name: ticket.askedBy.name,
      reviewers: [...ticket.reviewers],
      expires_at: ticket.expiresAt,
      created_at: ticket.now,
    })
    .execute();
}

export interface Ending {
  readonly state: Exclude<TicketState, "pending">;
  readonly by: TicketPerson | null;
  readonly comment: string;
  /** What is given where it is not what was asked for; undefined: as asked for. */
  readonly given?: unknown;
  readonly now: Date;
}

export async function endTicket(db: Db, id: string, { state, by, comment, given, now }: Ending): Promise<void> {
  await db
    .updateTable("ticket")
    .set({
      state,
      decided_at: now,
      decided_by: by?.id ?? null,
      decided_by_name: by?.name ?? null,
      comment,
      given: given === undefined ? null : JSON.stringify(given),
    })
    .where("id", "=", id)
    .execute();
}

/** Of these users those who are people, active and members of the organization; by name, at most `limit`. */
export async function activeMembers(
  db: Db,
  orgId: string,
  ids: readonly string[],
  now: Date,
  limit: number,
): Promise<TicketPerson[]> {
  const { rows } = await sql<TicketPerson>`
    select u.id, u.name from users u join membership m on m.user_id = u.id and m.org_id = ${orgId}
    where u.id = any (${[...ids]}::uuid[]) and u.active and u.kind = 'person'
      and (u.expires_at is null or u.expires_at > ${now})
    order by u.sort_name, u.id limit ${limit}`.execute(db);
  return rows;
}

/** Removes tickets that ended so many days ago. */
export async function forgetOldTickets(db: Db, days: number): Promise<void> {
  await sql`delete from ticket where id in (
    select id from ticket where state <> 'pending' and decided_at < now() - make_interval(days => ${days}) limit 1000)`.execute(
    db,
  );
}
