import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { sql } from "kysely";
import { newId } from "../../core/index.ts";
import { type Db, page } from "../../db/index.ts";
import { mayBeIn, permissionsOf } from "../login/console-session.ts";
import type { ApiKey } from "../schema.ts";

/** sp_, 12 hexadecimal digits by which the row is found, and 256 random bits in base64url. */
const KEY = /^sp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

const hash = (secret: string): Buffer => createHash("sha256").update(secret).digest();

const keys = (db: Db) =>
  db
    .selectFrom("api_key as k")
    .select([
      "k.id",
      "k.name",
      "k.prefix",
      "k.scopes",
      sql<string[]>`k.addresses::text[]`.as("addresses"),
      "k.active",
      "k.created_at as createdAt",
      "k.expires_at as expiresAt",
      sql<boolean>`k.expires_at <= now()`.as("expired"),
      "k.used_at as usedAt",
      "k.used_from as usedFrom",
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof keys>["executeTakeFirstOrThrow"]>>;

const toKey = ({ createdAt, expiresAt, usedAt, prefix, ...row }: Row): ApiKey => ({
  ...row,
  prefix: `sp_${prefix}`,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  usedAt: usedAt?.toISOString() ?? null,
});

/** Whose keys, and in which organization. */
export interface Holder {
  readonly userId: string;
  readonly orgId: string;
}

export async function findKey(db: Db, { userId, orgId }: Holder, id: string): Promise<ApiKey | null> {
  const row = await keys(db)
    .where("k.user_id", "=", userId)
    .where("k.org_id", "=", orgId)
    .where("k.id", "=", id)
    .executeTakeFirst();
  return row ? toKey(row) : null;
}

export async function listKeys(
  db: Db,
  { userId, orgId }: Holder,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const query = keys(db).where("k.user_id", "=", userId).where("k.org_id", "=", orgId);
  const found = await page(query, { by: "k.created_at", id: "k.id", limit, cursor });
  return { ...found, items: found.items.map(toKey) };
}

/** How many keys somebody has, in all organizations; others who count wait until the transaction ends. */
export async function countKeys(db: Db, userId: string): Promise<number> {
  await db.selectFrom("users").select("id").where("id", "=", userId).forUpdate().execute();
  const row = await db
    .selectFrom("api_key")
    .select((one) => one.fn.countAll<string>().as("n"))
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

const networks = (list: readonly string[]) =>
  sql<
    string[]
  >`array(select network(n::inet)::cidr from unnest(${[...list]}::text[]) with ordinality as l (n, place) order by place)`;

/** Inserts a key; returns its id and the whole of it, which is not stored. */
export async function insertKey(
  db: Db,
  holder: Holder,
  key: {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly addresses: readonly string[];
    readonly days: number;
    readonly createdBy: string | null;
    readonly now: Date;
  },
): Promise<{ id: string; secret: string }> {
  const id = newId();
  const prefix = randomBytes(6).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  await db
    .insertInto("api_key")
    .values({
      id,
      prefix,
      secret_hash: hash(secret),
      user_id: holder.userId,
      org_id: holder.orgId,
      name: key.name,
      scopes: [...key.scopes],
      addresses: networks(key.addresses),
      created_by: key.createdBy,
      created_at: key.now,
      expires_at: new Date(key.now.getTime() + key.days * 86_400_000),
    })
    .execute();
  return { id, secret: `sp_${prefix}_${secret}` };
}

export async function updateKey(
  db: Db,
  { userId, orgId }: Holder,
  id: string,
  {
    addresses,
    scopes,
    ...changes
  }: {
    readonly name?: string | undefined;
    readonly active?: boolean | undefined;
    readonly scopes?: readonly string[] | undefined;
    readonly addresses?: readonly string[] | undefined;
  },
): Promise<void> {
  await db
    .updateTable("api_key")
    .set({ ...changes, ...(scopes && { scopes: [...scopes] }), ...(addresses && { addresses: networks(addresses) }) })
    .where("user_id", "=", userId)
    .where("org_id", "=", orgId)
    .where("id", "=", id)
    .execute();
}

export async function deleteKey(db: Db, { userId, orgId }: Holder, id: string): Promise<void> {
  await db
    .deleteFrom("api_key")
    .where("user_id", "=", userId)
    .where("org_id", "=", orgId)
    .where("id", "=", id)
    .execute();
}

/** The holder of a key that counts, with what both the holder and the key may do. */
export interface KeyBearer {
  readonly id: string;
  readonly prefix: string;
  readonly userId: string;
  readonly orgId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly permissions: readonly string[];
  readonly addresses: readonly string[];
  readonly unnoted: boolean;
}

/** Who holds the key; null when it is unknown, wrong, off, expired, or its user may not act there. */
export async function bearerOfKey(db: Db, text: string): Promise<KeyBearer | null> {
  const [, prefix, secret = ""] = KEY.exec(text) ?? [];
  if (prefix === undefined) return null;
  const { rows } = await sql<KeyBearer & { secretHash: Buffer }>`
    select k.id, k.prefix, k.secret_hash as "secretHash", k.user_id as "userId", k.org_id as "orgId", u.name, k.scopes,
      array(select p from unnest(${permissionsOf("k.org_id", "u.id")}) p where p = any(k.scopes)) as permissions,
      k.addresses::text[] as addresses, k.used_at is null or k.used_at < now() - interval '1 minute' as unnoted
    from api_key k
    join users u on u.id = k.user_id and u.active and (u.expires_at is null or u.expires_at > now())
    where k.prefix = ${prefix} and k.active and k.expires_at > now() and ${mayBeIn("k.org_id", "u.id")}`.execute(db);
  const { secretHash, ...bearer } = rows[0] ?? { secretHash: Buffer.alloc(32) };
  return timingSafeEqual(hash(secret), secretHash) && "id" in bearer ? bearer : null;
}

/** Writes down that the key was used; at most once a minute, so that many calls cost one write. */
export async function noteUse(db: Db, { id, userId }: KeyBearer, address: string | null): Promise<void> {
  await sql`
    with used as (update api_key set used_at = now(), used_from = ${address} where id = ${id} and
      (used_at is null or used_at < now() - interval '1 minute') returning id)
    update users set last_used_at = now() where id = ${userId} and exists (select from used)`.execute(db);
}
