import { sql } from "kysely";
import { type Actor, changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { containing, type Db, page, serve, violated } from "../../db/index.ts";
import { bindRoles, mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import type { ServiceAccount } from "../schema.ts";
import { type ApiKeyDeps, changeKey, CONFIRMED, dropKey, given, makeKey } from "./api-key.ts";
import { listKeys } from "./api-key.store.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

const services = (db: Db, orgId: string) =>
  db
    .selectFrom("membership as m")
    .innerJoin("users as u", "u.id", "m.user_id")
    .where("m.org_id", "=", orgId)
    .where("u.kind", "=", "service")
    .select([
      "u.id",
      "u.login_name as loginName",
      "u.name",
      "u.comment",
      "u.active",
      "u.version",
      "u.created_at as createdAt",
      "u.last_used_at as usedAt",
      sql<
        string[]
      >`array(select role_id from role_binding b where b.org_id = m.org_id and b.user_id = u.id order by role_id)`.as(
        "roles",
      ),
      sql<number>`(select count(*)::int from api_key k where k.org_id = m.org_id and k.user_id = u.id)`.as("keys"),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof services>["executeTakeFirstOrThrow"]>>;

const toService = ({ createdAt, usedAt, ...row }: Row): ServiceAccount => ({
  ...row,
  createdAt: createdAt.toISOString(),
  usedAt: usedAt?.toISOString() ?? null,
});

async function visibleService(db: Db, actor: Actor, id: string): Promise<ServiceAccount> {
  const row = await services(db, orgOf(actor)).where("u.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("service account");
  return toService(row);
}

/** The service account, if the actor holds all that it holds. */
async function manageable(db: Db, actor: Actor, id: string, permission: string): Promise<ServiceAccount> {
  const service = await visibleService(db, actor, id);
  await mustOutrank(db, actor, id);
  await mustHoldEverywhere(db, actor, id, permission);
  return service;
}

const aboutOf = ({ id, loginName }: ServiceAccount) => ({ kind: "service-account", id, name: loginName });

const list = serve(schema.listServiceAccounts, {
  access: "granted",
  async run({ db, actor }, { search, active, limit, cursor }) {
    let query = services(db, orgOf(actor));
    if (search) {
      const pattern = containing(search);
      query = query.where((row) => row.or([row("u.name", "ilike", pattern), row("u.login_name", "ilike", pattern)]));
    }
    if (active !== undefined) query = query.where("u.active", "=", active);
    const found = await page(query, { by: "u.sort_name", id: "u.id", limit, cursor });
    return { ...found, items: found.items.map(toService) };
  },
});

const read = serve(schema.readServiceAccount, {
  access: "granted",
  run: ({ db, actor }, { id }) => visibleService(db, actor, id),
});

const create = serve(schema.createServiceAccount, {
  access: "granted",
  async run({ db, actor, about }, { loginName, name, comment, roles }) {
    const id = newId();
    about({ kind: "service-account", id, name: loginName });
    await db
      .insertInto("users")
      .values({ id, login_name: loginName, name, comment, kind: "service" })
      .execute()
      .catch((error) => {
        if (violated(error) !== "user_login_name_is_unique") throw error;
        throw new Fault("conflict", `The name "${loginName}" is taken. Choose another one.`);
      });
    await db
      .insertInto("membership")
      .values({ org_id: orgOf(actor), user_id: id })
      .execute();
    await bindRoles(db, actor, id, roles);
    return visibleService(db, actor, id);
  },
});

const update = serve(schema.updateServiceAccount, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, roles, ...changes }) {
    const found = await visibleService(db, actor, id);
    about(aboutOf(found));
    const before = await manageable(db, actor, id, schema.updateServiceAccount.name);
    if (actor.id === id) throw new Fault("denied", "A service account cannot change itself. Ask an administrator.");
    const done = await db
      .updateTable("users")
      .set({
        ...changes,
        ...(changes.active === true && { disabled_reason: null }),
        version: version + 1,
        updated_at: now,
      })
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst();
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("service account", before);
    if (roles) await bindRoles(db, actor, id, roles);
    const after = await visibleService(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteServiceAccount, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const found = await visibleService(db, actor, id);
    about(aboutOf(found));
    await manageable(db, actor, id, schema.deleteServiceAccount.name);
    if (actor.id === id) throw new Fault("denied", "A service account cannot delete itself. Ask an administrator.");
    await db.deleteFrom("membership").where("org_id", "=", orgOf(actor)).where("user_id", "=", id).execute();
    await db
      .deleteFrom("users")
      .where("id", "=", id)
      .where((row) => row.not(row.exists(row.selectFrom("membership").select("user_id").where("user_id", "=", id))))
      .execute();
    return {};
  },
});

/** Service accounts and their keys. Whoever makes a key for one learns its secret, so they must hold all it holds. */
export function serviceAccountActions(deps: ApiKeyDeps) {
  const holderOf = (actor: Actor, userId: string) => ({ userId, orgId: orgOf(actor) });
  return [
    list,
    read,
    create,
    update,
    remove,
    serve(schema.listServiceKeys, {
      access: "granted",
      async run({ db, actor }, { id, ...input }) {
        await visibleService(db, actor, id);
        return listKeys(db, holderOf(actor, id), input);
      },
    }),
    serve(schema.createServiceKey, {
      access: "granted",
      confirm: CONFIRMED,
      async run({ db, actor, now, about, note }, { id, ...wanted }) {
        about(aboutOf(await visibleService(db, actor, id)));
        await manageable(db, actor, id, schema.createServiceKey.name);
        const made = await makeKey(deps, { db, actor, now }, holderOf(actor, id), wanted);
        note({ key: made.key.prefix });
        return made;
      },
    }),
    serve(schema.updateServiceKey, {
      access: "granted",
      confirm: CONFIRMED,
      async run({ db, actor, about, changed }, { id, keyId, ...changes }) {
        about(aboutOf(await visibleService(db, actor, id)));
        await manageable(db, actor, id, schema.updateServiceKey.name);
        const { before, after } = await changeKey(deps, { db, actor }, holderOf(actor, id), keyId, given(changes));
        changed(before, after);
        return after;
      },
    }),
    serve(schema.deleteServiceKey, {
      access: "granted",
      async run({ db, actor, about, note }, { id, keyId }) {
        about(aboutOf(await visibleService(db, actor, id)));
        await manageable(db, actor, id, schema.deleteServiceKey.name);
        note({ key: await dropKey(db, holderOf(actor, id), keyId) });
        return {};
      },
    }),
  ];
}
