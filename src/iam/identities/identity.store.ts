import { sql } from "kysely";
import { type Db, page } from "../../db/index.ts";
import type { AwaitedIdentity, Identity } from "../schema.ts";

interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const identities = (db: Db, userId: string) =>
  db
    .selectFrom("identity")
    .innerJoin("sign_in_backend as b", "b.id", "identity.backend_id")
    .where("identity.user_id", "=", userId)
    .select([
      "identity.id",
      "b.id as backendId",
      "b.name as backendName",
      "identity.issuer",
      "identity.subject",
      "identity.shown_name as shownName",
      "identity.linked_at as linkedAt",
      "identity.used_at as usedAt",
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof identities>["executeTakeFirstOrThrow"]>>;

const toIdentity = ({ backendId, backendName, linkedAt, usedAt, ...row }: Row): Identity => ({
  ...row,
  backend: { id: backendId, name: backendName },
  linkedAt: linkedAt.toISOString(),
  usedAt: usedAt?.toISOString() ?? null,
});

export async function listIdentities(db: Db, userId: string, { limit, cursor }: Page) {
  const found = await page(identities(db, userId), { by: "identity.linked_at", id: "identity.id", limit, cursor });
  return { items: found.items.map(toIdentity), next: found.next };
}

export async function findIdentity(db: Db, userId: string, id: string): Promise<Identity | null> {
  const row = await identities(db, userId).where("identity.id", "=", id).executeTakeFirst();
  return row ? toIdentity(row) : null;
}

export async function deleteIdentity(db: Db, userId: string, id: string): Promise<void> {
  await db.deleteFrom("identity").where("user_id", "=", userId).where("id", "=", id).execute();
}

const awaited = (db: Db, userId: string) =>
  db
    .selectFrom("awaited_identity")
    .innerJoin("sign_in_backend as b", "b.id", "awaited_identity.backend_id")
    .where("awaited_identity.user_id", "=", userId)
    .where("awaited_identity.expires_at", ">", sql<Date>`now()`)
    .select([
      "awaited_identity.id",
      "b.id as backendId",
      "b.name as backendName",
      "awaited_identity.outside_name as outsideName",
      "awaited_identity.created_at as createdAt",
      "awaited_identity.expires_at as expiresAt",
    ]);

type AwaitedRow = Awaited<ReturnType<ReturnType<typeof awaited>["executeTakeFirstOrThrow"]>>;

const toAwaited = ({ backendId, backendName, createdAt, expiresAt, ...row }: AwaitedRow): AwaitedIdentity => ({
  ...row,
  backend: { id: backendId, name: backendName },
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
});

export async function listAwaited(db: Db, userId: string, { limit, cursor }: Page) {
  const at = { by: "awaited_identity.created_at", id: "awaited_identity.id", limit, cursor } as const;
  const found = await page(awaited(db, userId), at);
  return { items: found.items.map(toAwaited), next: found.next };
}

export async function findAwaited(db: Db, userId: string, id: string): Promise<AwaitedIdentity | null> {
  const row = await awaited(db, userId).where("awaited_identity.id", "=", id).executeTakeFirst();
  return row ? toAwaited(row) : null;
}

export async function deleteAwaited(db: Db, userId: string, id: string): Promise<boolean> {
  const gone = await db
    .deleteFrom("awaited_identity")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  return gone.numDeletedRows === 1n;
}

/** Writes down who is awaited; one of the same name who is out of date gives way. False: another user awaits them. */
export async function insertAwaited(
  db: Db,
  row: { id: string; backendId: string; userId: string; outsideName: string; createdBy: string | null; days: number },
): Promise<boolean> {
  const done = await sql`
    insert into awaited_identity as a (id, backend_id, outside_name, user_id, created_by, expires_at)
    values (${row.id}, ${row.backendId}, ${row.outsideName}, ${row.userId}, ${row.createdBy}, now() + make_interval(days => ${row.days}))
    on conflict (backend_id, lower(outside_name)) do update
      set id = excluded.id, user_id = excluded.user_id, created_by = excluded.created_by,
        created_at = excluded.created_at, expires_at = excluded.expires_at
      where a.user_id = excluded.user_id or a.expires_at <= now()`.execute(db);
  return done.numAffectedRows === 1n;
}

/**
 * Whether the user has a way into the console beside that identity: a password, a passkey that stands alone, or an
 * identity at another active backend. Locks the user, so that two links do not go at once.
 */
export async function hasAnotherWayIn(db: Db, userId: string, identityId: string): Promise<boolean> {
  await db.selectFrom("users").select("id").where("id", "=", userId).forUpdate().execute();
  const found = await sql<{ found: boolean }>`
    select exists (select from users where id = ${userId} and password_hash is not null)
      or exists (select from passkey where user_id = ${userId} and verifies_user)
      or exists (select from identity i join sign_in_backend b on b.id = i.backend_id and b.active
        where i.user_id = ${userId} and i.id <> ${identityId}) as found`.execute(db);
  return found.rows[0]?.found === true;
}
