import { sql } from "kysely";
import { Fault, unaudited } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

const WAITING_PER_NETWORK = 20;
const WAITING_AT_ALL = 2000;

/**
 * Nobody is known yet, so what strangers can leave behind is bounded: Fault `too_many` for a network that has many
 * waiting. At the bound for all the oldest gives way, so that strangers keep nobody out.
 */
export async function makeRoom(db: Db, network: string): Promise<void> {
  const { rows } = await sql<{ here: number; all: number }>`
    select count(*) filter (where address = ${network})::int as here, count(*)::int as all
    from device_sign_in where expires_at > now()`.execute(db);
  const { here = 0, all = 0 } = rows[0] ?? {};
  if (here >= WAITING_PER_NETWORK)
    throw unaudited(
      new Fault("too_many", "Too many command lines of your network wait for a person. Try again in ten minutes."),
    );
  const surplus = all - WAITING_AT_ALL + 1;
  if (surplus <= 0) return;
  await sql`
    delete from device_sign_in where id in (
      select id from device_sign_in where user_id is null and expires_at > now()
      order by created_at, id limit ${surplus} for update skip locked)`.execute(db);
}

/** What waits under a code, written with or without its dash; to be completed or locked by the caller. */
export const waiting = (db: Db, code: string) =>
  db
    .selectFrom("device_sign_in")
    .select(["id", "code", "device", "address", "fingerprint", "public_key as publicKey", "created_at as askedAt"])
    .where("code", "=", `${code.replace("-", "").slice(0, 4)}-${code.replace("-", "").slice(4)}`)
    .where("expires_at", ">", sql<Date>`now()`)
    .where("user_id", "is", null)
    .where("refused", "=", false);

/** What became of the question whose token has this hash; locked. */
export const asked = (db: Db, tokenHash: Buffer) =>
  db
    .selectFrom("device_sign_in as d")
    .leftJoin("users as u", "u.id", "d.user_id")
    .select(["d.id", "d.refused", "d.certificate", "d.certificate_expires_at as until", "u.login_name as loginName"])
    .where("d.token_hash", "=", tokenHash)
    .where("d.expires_at", ">", sql<Date>`now()`)
    .forUpdate("d")
    .executeTakeFirst();
