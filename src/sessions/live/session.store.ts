import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { Session } from "../schema.ts";

const sessions = (db: Db, orgId: string) => db.selectFrom("session").where("org_id", "=", orgId).selectAll();

type Row = Awaited<ReturnType<ReturnType<typeof sessions>["executeTakeFirstOrThrow"]>>;

const toSession = (row: Row): Session => ({
  id: row.id,
  user: { id: row.user_id, name: row.user_name },
  asset: { id: row.asset_id, name: row.asset_name },
  account: { id: row.account_id, name: row.account_name },
  protocol: row.protocol,
  kind: row.kind as Session["kind"],
  via: row.via,
  command: row.command,
  address: row.address,
  state: row.state as Session["state"],
  startedAt: row.started_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  endReason: row.end_reason,
  endDetail: row.end_detail,
  exitCode: row.exit_code,
  recording: {
    state: row.recording_state as Session["recording"]["state"],
    complete: row.recording_complete,
    bytes: row.recording_bytes === null ? null : Number(row.recording_bytes),
    durationMs: row.recording_ms === null ? null : Number(row.recording_ms),
  },
});

export async function findSession(db: Db, orgId: string, id: string): Promise<Session | null> {
  const row = await sessions(db, orgId).where("id", "=", id).executeTakeFirst();
  return row ? toSession(row) : null;
}

export interface SessionFilter {
  search?: string | undefined;
  state?: "live" | "ended" | undefined;
  userId?: string | undefined;
  assetId?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export async function listSessions(db: Db, orgId: string, filter: SessionFilter) {
  let query = sessions(db, orgId);
  if (filter.state) query = query.where("state", filter.state === "ended" ? "=" : "!=", "ended");
  if (filter.userId) query = query.where("user_id", "=", filter.userId);
  if (filter.assetId) query = query.where("asset_id", "=", filter.assetId);
  if (filter.from) query = query.where("started_at", ">=", new Date(filter.from));
  if (filter.to) query = query.where("started_at", "<", new Date(filter.to));
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) =>
      row.or([
        row("user_name", "ilike", pattern),
        row("asset_name", "ilike", pattern),
        row("account_name", "ilike", pattern),
        row("command", "ilike", pattern),
      ]),
    );
  }
  const paging = {
    by: "session.started_at",
    id: "session.id",
    direction: "desc",
    limit: filter.limit,
    cursor: filter.cursor,
  } as const;
  const found = await page(query, paging);
  return { items: found.items.map((row) => toSession(row)), next: found.next };
}

export interface NewSession {
  id: string;
  orgId: string;
  userId: string;
  assetId: string;
  accountId: string;
  protocol: string;
  kind: "shell" | "exec";
  via: string;
  command: string | null;
  address: string | null;
  gatewayId: string;
}

/** Characters of a command that fit into the row. */
export const LONGEST_COMMAND = 4096;
/** Counted in characters as PostgreSQL counts them. */
const headOf = (command: string | null): string | null => {
  const all = Array.from(command ?? "");
  return all.length <= LONGEST_COMMAND ? command : `${all.slice(0, LONGEST_COMMAND - 1).join("")}…`;
};

/** Inserts the row with the names of today; returns them. Null when user, asset or account are gone. */
export async function insertSession(
  db: Db,
  session: NewSession,
): Promise<{ userName: string; assetName: string; accountName: string; startedAt: Date } | null> {
  const { id, orgId, userId, assetId, accountId } = session;
  const found = await sql<{ userName: string; assetName: string; accountName: string; startedAt: Date }>`
    insert into session (id, org_id, user_id, user_name, asset_id, asset_name, account_id, account_name, protocol, kind, via,
      command, address, gateway_id, recording_state)
    select ${id}, ${orgId}, u.id, u.name, asset.id, asset.name, account.id, account.name, ${session.protocol}, ${session.kind}, ${session.via},
      ${headOf(session.command)}, ${session.address}, ${session.gatewayId}, 'recording'
    from users u, asset, account
    where u.id = ${userId} and asset.org_id = ${orgId} and asset.id = ${assetId} and account.org_id = ${orgId} and account.id = ${accountId}
    returning user_name as "userName", asset_name as "assetName", account_name as "accountName", started_at as "startedAt"`.execute(
    db,
  );
  return found.rows[0] ?? null;
}

export async function markLive(db: Db, id: string): Promise<void> {
  await db
    .updateTable("session")
    .set({ state: "live", connected_at: sql`now()` })
    .where("id", "=", id)
    .where("state", "=", "opening")
    .execute();
}

export interface SessionEnd {
  reason: string;
  detail: string | null;
  exitCode: number | null;
  recorded: boolean;
}

/** Ends the row; false when it had ended already. */
export async function markEnded(db: Db, id: string, end: SessionEnd): Promise<boolean> {
  const done = await db
    .updateTable("session")
    .set({
      state: "ended",
      ended_at: sql`now()`,
      end_reason: end.reason,
      end_detail: end.detail?.slice(0, 1000) ?? null,
      exit_code: end.exitCode,
      ...(!end.recorded && { recording_state: "failed" }),
    })
    .where("id", "=", id)
    .where("state", "!=", "ended")
    .executeTakeFirst();
  return done.numUpdatedRows === 1n;
}

/** Leaves the order to end a session; its gateway acts on the signal, or finds the order a moment later. */
export async function orderEnd(db: Db, id: string, words: string): Promise<void> {
  await db
    .updateTable("session")
    .set({ terminate_words: words })
    .where("id", "=", id)
    .where("state", "!=", "ended")
    .execute();
}

/** Ended sessions that wait for their recording for more than a minute, at most 100. */
export async function waitingForRecording(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom("session")
    .select("id")
    .where("state", "=", "ended")
    .where("recording_state", "=", "recording")
    .where("ended_at", "<", sql<Date>`now() - interval '1 minute'`)
    .limit(100)
    .execute();
  return rows.map(({ id }) => id);
}

/** Writes down that there will be no recording, unless one came meanwhile. */
export async function markRecordingLost(db: Db, id: string): Promise<void> {
  await db
    .updateTable("session")
    .set({ recording_state: "failed" })
    .where("id", "=", id)
    .where("recording_state", "=", "recording")
    .execute();
}

/** Where a session's gateway takes sockets, with its organization; null when it is not live. */
export async function liveGateway(
  db: Db,
  orgId: string,
  id: string,
): Promise<{ gatewayId: string; address: string; userId: string } | null> {
  const row = await db
    .selectFrom("session")
    .innerJoin("gateway", "gateway.id", "session.gateway_id")
    .select(["gateway.id as gatewayId", "gateway.address", "session.user_id as userId"])
    .where("session.org_id", "=", orgId)
    .where("session.id", "=", id)
    .where("session.state", "!=", "ended")
    .executeTakeFirst();
  return row ?? null;
}
