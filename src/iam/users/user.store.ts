import { type Actor, notFound } from "../../core/index.ts";
import { sql } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import { containing, type Db, page } from "../../db/index.ts";
import type { z } from "zod";
import type { listUsers as listUsersEndpoint, User } from "../schema.ts";

type Filter = z.output<typeof listUsersEndpoint.input>;

/** SQL: whether somebody has set up a factor that can be asked for. */
const hasSecondFactor = sql<boolean>`(
  exists (select from totp t where t.user_id = users.id and t.confirmed_at is not null)
  or exists (select from passkey p where p.user_id = users.id))`;

/** SQL: when somebody, or a program of theirs, was last here; when they were let in, if later. */
const LAST_SEEN = sql<Date>`greatest(users.last_sign_in_at, users.last_used_at, users.enabled_at, users.created_at)`;

export async function secondFactorIsSetUp(db: Db, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom("users")
    .select(hasSecondFactor.as("has"))
    .where("id", "=", userId)
    .executeTakeFirst();
  return row?.has ?? false;
}

const users = (db: Db, orgId: string) =>
  db
    .selectFrom("membership")
    .innerJoin("users", "users.id", "membership.user_id")
    .where("membership.org_id", "=", orgId)
    // Service accounts have lists and guards of their own.
    .where("users.kind", "=", "person")
    .select((row) => [
      "users.id",
      "users.login_name as loginName",
      "users.name",
      "users.email",
      "users.comment",
      "users.active",
      "users.kind",
      "users.disabled_reason as disabledReason",
      "users.expires_at as expiresAt",
      "users.phone",
      "users.time_zone as timeZone",
      "users.must_change_password as mustChangePassword",
      "users.second_factor as secondFactor",
      "users.last_used_at as lastUsedAt",
      "users.version",
      "users.created_at as createdAt",
      "users.last_sign_in_at as lastSignInAt",
      sql<boolean>`users.password_hash is not null`.as("hasPassword"),
      hasSecondFactor.as("hasSecondFactor"),
      sql<Date | null>`(select max(t.expires_at) from mailed_token t where t.user_id = users.id and t.purpose = 'invite'
        and t.used_at is null and t.expires_at > now())`.as("invitedUntil"),
      sql<{ id: string; name: string }[]>`(
        select coalesce(json_agg(json_build_object('id', b.id, 'name', b.name) order by b.position, b.sort_name), '[]')
        from sign_in_backend b where exists (select from identity i where i.backend_id = b.id and i.user_id = users.id))`.as(
        "backends",
      ),
      sql<
        string[]
      >`array(select role_id from role_binding b where b.org_id = membership.org_id and b.user_id = users.id order by role_id)`.as(
        "roles",
      ),
      jsonArrayFrom(
        row
          .selectFrom("group_member as gm")
          .innerJoin("user_group as g", (on) =>
            on.onRef("g.org_id", "=", "gm.org_id").onRef("g.id", "=", "gm.group_id"),
          )
          .whereRef("gm.org_id", "=", "membership.org_id")
          .whereRef("gm.user_id", "=", "users.id")
          .select(["g.id", "g.name"])
          .orderBy("g.sort_name")
          .limit(100),
      ).as("groups"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof users>["executeTakeFirstOrThrow"]>>;

const toUser = ({ backends, ...row }: Row): User => ({
  ...row,
  kind: row.kind as User["kind"],
  disabledReason: row.disabledReason as User["disabledReason"],
  secondFactor: row.secondFactor as User["secondFactor"],
  sources: [...(row.hasPassword ? [{ id: "password", name: "Password" }] : []), ...backends],
  expiresAt: row.expiresAt?.toISOString() ?? null,
  invitedUntil: row.invitedUntil?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  lastSignInAt: row.lastSignInAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
});

export async function findUser(db: Db, orgId: string, id: string): Promise<User | null> {
  const row = await users(db, orgId).where("users.id", "=", id).executeTakeFirst();
  return row ? toUser(row) : null;
}

type Query = ReturnType<typeof users>;

function bySource(query: Query, source: string): Query {
  if (source === "password") return query.where("users.password_hash", "is not", null);
  const linked = sql`exists (select from identity i where i.user_id = users.id`;
  if (source === "none") return query.where(sql<boolean>`users.password_hash is null and not ${linked})`);
  return query.where(sql<boolean>`${linked} and i.backend_id::text = ${source})`);
}

function byTime(query: Query, { expired, expiringDays, unusedDays }: Filter): Query {
  let narrowed = query;
  if (expired !== undefined)
    narrowed = narrowed.where(sql<boolean>`coalesce(users.expires_at <= now(), false) = ${expired}`);
  if (expiringDays) {
    narrowed = narrowed.where(
      sql<boolean>`users.expires_at > now() and users.expires_at <= now() + make_interval(days => ${expiringDays})`,
    );
  }
  if (unusedDays) narrowed = narrowed.where(sql<boolean>`${LAST_SEEN} < now() - make_interval(days => ${unusedDays})`);
  return narrowed;
}

function byBelonging(query: Query, { groupId, roleId }: Filter): Query {
  let narrowed = query;
  if (groupId) {
    narrowed = narrowed.where(
      sql<boolean>`exists (select from group_member m
        where m.org_id = membership.org_id and m.group_id = ${groupId} and m.user_id = users.id)`,
    );
  }
  if (roleId) {
    // "is true" keeps it a look-up for each user: joined, it cost 260 ms beside other filters and a search.
    narrowed = narrowed.where(
      sql<boolean>`exists (select from role_binding rb
        where rb.org_id = membership.org_id and rb.role_id = ${roleId} and rb.user_id = users.id) is true`,
    );
  }
  return narrowed;
}

/** The members that a filter leaves, in no order. */
function matching(db: Db, orgId: string, filter: Filter): Query {
  let query = byBelonging(byTime(users(db, orgId), filter), filter);
  if (filter.search) {
    const pattern = containing(filter.search);
    // One comparison instead of three: half the time of a search that finds little.
    query = query.where(sql<boolean>`concat_ws(E'\\n', users.name, users.login_name, users.email) ilike ${pattern}`);
  }
  if (filter.active !== undefined) query = query.where("users.active", "=", filter.active);
  if (filter.kind) query = query.where("users.kind", "=", filter.kind);
  if (filter.source) query = bySource(query, filter.source);
  if (filter.hasSecondFactor !== undefined)
    query = query.where(sql<boolean>`${hasSecondFactor} = ${filter.hasSecondFactor}`);
  return query;
}

export async function listUsers(db: Db, orgId: string, filter: Filter) {
  const found = await page(matching(db, orgId, filter), {
    by: "users.sort_name",
    id: "users.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  return { items: found.items.map((row) => toUser(row)), next: found.next };
}

/** The user as a member of the actor's organization; Fault `not_found` otherwise. */
export async function visibleUser(db: Db, actor: Actor, id: string): Promise<User> {
  const user = await findUser(db, actor.orgId ?? "", id);
  if (!user) throw notFound("user");
  return user;
}

export async function groupIdsOf(db: Db, orgId: string, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("group_member")
    .select("group_id")
    .where("org_id", "=", orgId)
    .where("user_id", "=", userId)
    .execute();
  return rows.map(({ group_id }) => group_id);
}

/** Id and version of a member by login name; null when nobody here has it. */
export async function findByLoginName(db: Db, orgId: string, loginName: string) {
  const row = await db
    .selectFrom("users")
    .innerJoin("membership", "membership.user_id", "users.id")
    .select(["users.id", "users.version"])
    .where("membership.org_id", "=", orgId)
    .where(sql<boolean>`lower(users.login_name) = lower(${loginName})`)
    .executeTakeFirst();
  return row ?? null;
}
