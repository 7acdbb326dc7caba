import { sql } from "kysely";
import { type Actor, changedMeanwhile, Fault, notFound } from "../../core/index.ts";
import { containing, type Db, page, serve } from "../../db/index.ts";
import type { z } from "zod";
import { endConsoleSessions } from "../login/console-session.ts";
import { watchAdministrators } from "../roles/administrators.ts";
import { mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";

const siteUsers = (db: Db) =>
  db.selectFrom("users").select([
    "users.id",
    "users.kind",
    "users.login_name as loginName",
    "users.name",
    "users.email",
    "users.active",
    "users.expires_at as expiresAt",
    "users.version",
    "users.created_at as createdAt",
    "users.last_sign_in_at as lastSignInAt",
    sql<{ id: string; name: string }[]>`(
        select coalesce(json_agg(one), '[]') from (
          select o.id, o.name from membership m join organization o on o.id = m.org_id
          where m.user_id = users.id order by o.sort_name limit 20) one)`.as("organizations"),
    sql<string[]>`array(select role_id from system_role_binding s where s.user_id = users.id order by role_id)`.as(
      "systemRoles",
    ),
  ]);

type Row = Awaited<ReturnType<ReturnType<typeof siteUsers>["executeTakeFirstOrThrow"]>>;

const toSiteUser = (row: Row): schema.SiteUser => ({
  ...row,
  kind: row.kind as schema.SiteUser["kind"],
  expiresAt: row.expiresAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  lastSignInAt: row.lastSignInAt?.toISOString() ?? null,
});

async function known(db: Db, id: string): Promise<schema.SiteUser> {
  const row = await siteUsers(db).where("users.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("user");
  return toSiteUser(row);
}

async function list(db: Db, filter: z.output<typeof schema.listSiteUsers.input>) {
  const { search, active, expired, kind, orgId, systemRoleId, limit, cursor } = filter;
  let query = siteUsers(db);
  if (search) {
    const pattern = containing(search);
    query = query.where((row) =>
      row.or([
        row("users.name", "ilike", pattern),
        row("users.login_name", "ilike", pattern),
        row("users.email", "ilike", pattern),
      ]),
    );
  }
  if (active !== undefined) query = query.where("users.active", "=", active);
  if (kind) query = query.where("users.kind", "=", kind);
  if (expired !== undefined) query = query.where(sql<boolean>`coalesce(users.expires_at <= now(), false) = ${expired}`);
  if (orgId)
    query = query.where(
      sql<boolean>`exists (select from membership m where m.user_id = users.id and m.org_id = ${orgId})`,
    );
  if (systemRoleId)
    query = query.where(
      sql<boolean>`exists (select from system_role_binding s where s.user_id = users.id and s.role_id = ${systemRoleId})`,
    );
  const found = await page(query, { by: "users.sort_name", id: "users.id", limit, cursor });
  return { items: found.items.map(toSiteUser), next: found.next };
}

/** Nobody ends their own way in, and nobody ends whoever may do more. */
async function mayEnd(db: Db, actor: Actor, id: string): Promise<void> {
  if (actor.id === id) throw new Fault("denied", "You cannot do this to yourself. Ask another administrator.");
  await mustOutrank(db, actor, id);
}

const update = serve(schema.updateSiteUser, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, active, expiresAt }) {
    const stillAdministered = await watchAdministrators(db, [id]);
    const before = await known(db, id);
    about({ kind: "user", id, name: before.loginName });
    await mayEnd(db, actor, id);
    const done = await db
      .updateTable("users")
      .set({
        ...(active !== undefined && { active, disabled_reason: active ? null : "administrator" }),
        ...(active && { enabled_at: now }),
        ...(expiresAt !== undefined && { expires_at: expiresAt }),
        version: version + 1,
        updated_at: now,
      })
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst();
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("user", before);
    if (active === false || (expiresAt && new Date(expiresAt) <= now)) await endConsoleSessions(db, id);
    await stillAdministered();
    const after = await known(db, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteSiteUser, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const stillAdministered = await watchAdministrators(db, [id]);
    const user = await known(db, id);
    about({ kind: "user", id, name: user.loginName });
    await mayEnd(db, actor, id);
    await db.deleteFrom("users").where("id", "=", id).execute();
    await stillAdministered();
    return {};
  },
});

/** All users over all organizations, for those who administer the site. */
export const siteUserActions = () => [
  serve(schema.listSiteUsers, { access: "granted", run: ({ db }, input) => list(db, input) }),
  serve(schema.readSiteUser, { access: "granted", run: ({ db }, { id }) => known(db, id) }),
  update,
  remove,
];
