import { sql } from "kysely";
import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

/** Failures that cost nothing; from then on the wait doubles, from one second to `longest`. */
const BY_NAME_AND_ADDRESS = { free: 5, longest: 900 };
const BY_ADDRESS = { free: 50, longest: 900 };
const FORGOTTEN_AFTER_MINUTES = 60;

/**
 * Counts an attempt before it is tried, so that attempts made at the same moment cannot slip by. Fault `too_many`
 * while a wait lasts. Keyed by name and address: nobody locks out somebody else from another address.
 */
export async function countAttempt(db: Db, loginName: string, address: string | null): Promise<void> {
  const name = loginName.toLowerCase();
  const from = address ?? "unknown";
  await count(db, "", from, BY_ADDRESS);
  await count(db, name, from, BY_NAME_AND_ADDRESS);
}

/** Forgets the failures of that name from that address, and takes this attempt off the address. */
export async function clearAttempts(db: Db, loginName: string, address: string | null): Promise<void> {
  const from = address ?? "unknown";
  await db
    .deleteFrom("sign_in_brake")
    .where("login_name", "=", loginName.toLowerCase())
    .where("address", "=", from)
    .execute();
  await db
    .updateTable("sign_in_brake")
    .set({ failures: sql`greatest(failures - 1, 0)`, blocked_until: null })
    .where("login_name", "=", "")
    .where("address", "=", from)
    .execute();
}

async function count(db: Db, name: string, address: string, limit: typeof BY_ADDRESS): Promise<void> {
  const result = await sql<{ wait: number | null }>`
    insert into sign_in_brake as b (login_name, address, failures, last_failure_at)
    values (${name}, ${address}, 1, now())
    on conflict (login_name, address) do update set
      failures = case when b.last_failure_at < now() - make_interval(mins => ${FORGOTTEN_AFTER_MINUTES}) then 1 else b.failures + 1 end,
      last_failure_at = now(),
      blocked_until = case when b.last_failure_at >= now() - make_interval(mins => ${FORGOTTEN_AFTER_MINUTES}) and b.failures + 1 > ${limit.free}::int
        then now() + make_interval(secs => least(power(2, least(b.failures + 1 - ${limit.free}::int, 20) - 1), ${limit.longest}::int)) end
      where b.blocked_until is null or b.blocked_until <= now()
    returning null as wait`.execute(db);
  if (result.rows.length > 0) return;
  const row = await db
    .selectFrom("sign_in_brake")
    .select("blocked_until")
    .where("login_name", "=", name)
    .where("address", "=", address)
    .executeTakeFirst();
  const until = row?.blocked_until ?? new Date();
  const seconds = Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1000));
  throw new Fault("too_many", `Too many failed attempts. Try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
  });
}
