import { sql } from "kysely";
import { Fault, networkOf, unaudited } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

export interface Limit {
  /** Failures that cost nothing; from then on the wait doubles, from one second to `longest`. */
  readonly free: number;
  /** Seconds. */
  readonly longest: number;
}

const BY_NAME_AND_ADDRESS: Limit = { free: 5, longest: 900 };
/** What strangers can bring about for others only slows: people behind one address, and whoever bears the name. */
const BY_ADDRESS: Limit = { free: 50, longest: 30 };
const BY_NAME: Limit = { free: 100, longest: 1 };
/** Second factors: who guesses at them has the first proof, so no stranger can slow the person, and many addresses help nobody. */
export const BY_SECOND_FACTOR: Limit = { free: 20, longest: 900 };
const FORGOTTEN_AFTER_MINUTES = 60;
const KNOWN_FOR_DAYS = 30;
const ANY_NAME = "";
const ANY_ADDRESS = "*";

interface Count {
  readonly name: string;
  readonly address: string;
  readonly limit: Limit;
}

/**
 * Counts an attempt before it is tried, so that attempts made at the same moment cannot slip by. Fault `too_many`
 * while a wait lasts; an attempt that waits counts nowhere. Keyed by name and address (IPv6: its /64): nobody locks out
 * somebody else from another address. The waits of an address and of a name pass by who signed in from there before.
 * `isShared`: many people sit behind the address, and it does not wait as a whole.
 */
export async function countAttempt(
  db: Db,
  loginName: string,
  address: string | null,
  how: { readonly byName?: Limit; readonly isShared?: boolean } = {},
): Promise<void> {
  const name = loginName.toLowerCase();
  const from = keyOf(address);
  const pair = { name, address: from, limit: BY_NAME_AND_ADDRESS };
  const ofAddress = how.isShared ? [] : [{ name: ANY_NAME, address: from, limit: BY_ADDRESS }];
  const ofName = { name, address: ANY_ADDRESS, limit: how.byName ?? BY_NAME };
  const counts = (await isKnown(db, name, from)) ? [pair] : [...ofAddress, pair, ofName];
  const held = await countAll(db, counts);
  if (held) throw await refusal(db, held);
}

/** Forgets the failures of that name from that address, takes this attempt off the others, and remembers the success. */
export async function clearAttempts(db: Db, loginName: string, address: string | null): Promise<void> {
  const name = loginName.toLowerCase();
  const from = keyOf(address);
  await db.deleteFrom("sign_in_brake").where("login_name", "=", name).where("address", "=", from).execute();
  if (!(await isKnown(db, name, from))) {
    await sql`update sign_in_brake set failures = greatest(failures - 1, 0), blocked_until = null
      where (login_name, address) in ((${ANY_NAME}, ${from}), (${name}, ${ANY_ADDRESS}))`.execute(db);
  }
  await sql`insert into sign_in_success (login_name, address, at) values (${name}, ${from}, now())
    on conflict (login_name, address) do update set at = excluded.at`.execute(db);
}

/** Removes what does not count any more: failures after an hour, successes after 30 days. */
export async function tidyAttempts(db: Db): Promise<void> {
  await sql`delete from sign_in_brake where last_failure_at < now() - make_interval(mins => ${FORGOTTEN_AFTER_MINUTES})`.execute(
    db,
  );
  await sql`delete from sign_in_success where at < now() - make_interval(days => ${KNOWN_FOR_DAYS})`.execute(db);
}

const keyOf = (address: string | null): string => (address === null ? "unknown" : networkOf(address));

async function isKnown(db: Db, name: string, address: string): Promise<boolean> {
  const { rows } = await sql`select from sign_in_success where login_name = ${name} and address = ${address}
    and at > now() - make_interval(days => ${KNOWN_FOR_DAYS})`.execute(db);
  return rows.length > 0;
}

/** All of them or none; returns the one that is waited for. Always in this order, so that no two block each other. */
async function countAll(db: Db, counts: readonly Count[]): Promise<Count | null> {
  const tx = await db.startTransaction().execute();
  try {
    for (const one of counts) {
      if (await count(tx, one)) continue;
      await tx.rollback().execute();
      return one;
    }
    await tx.commit().execute();
    return null;
  } catch (error) {
    if (!tx.isCommitted && !tx.isRolledBack) await tx.rollback().execute();
    throw error;
  }
}

async function count(db: Db, { name, address, limit }: Count): Promise<boolean> {
  const result = await sql`
    insert into sign_in_brake as b (login_name, address, failures, last_failure_at)
    values (${name}, ${address}, 1, now())
    on conflict (login_name, address) do update set
      failures = case when b.last_failure_at < now() - make_interval(mins => ${FORGOTTEN_AFTER_MINUTES}) then 1 else b.failures + 1 end,
      last_failure_at = now(),
      told = false,
      blocked_until = case when b.last_failure_at >= now() - make_interval(mins => ${FORGOTTEN_AFTER_MINUTES}) and b.failures + 1 > ${limit.free}::int
        then now() + make_interval(secs => least(power(2, least(b.failures + 1 - ${limit.free}::int, 20) - 1), ${limit.longest}::int)) end
      where b.blocked_until is null or b.blocked_until <= now()
    returning true as counted`.execute(db);
  return result.rows.length > 0;
}

/** Only the first refusal of a wait is written down: whoever keeps knocking fills no trail. */
async function refusal(db: Db, { name, address }: Count): Promise<Fault> {
  const first = await sql`update sign_in_brake set told = true
    where login_name = ${name} and address = ${address} and not told returning true as told`.execute(db);
  const row = await sql<{ seconds: number | null }>`
    select ceil(extract(epoch from blocked_until - now()))::int as seconds from sign_in_brake
    where login_name = ${name} and address = ${address}`.execute(db);
  const seconds = Math.max(1, row.rows[0]?.seconds ?? 1);
  const fault = new Fault("too_many", `Too many failed attempts. Try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
  });
  return first.rows.length > 0 ? fault : unaudited(fault);
}
