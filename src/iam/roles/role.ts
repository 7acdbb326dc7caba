import { sql } from "kysely";
import { type Actor, type AnyAction, Fault, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { BUILT_IN_ROLES } from "./built-in.ts";
import { countHolders, findRole, listRoles } from "./role.store.ts";

/** Writes the built-in roles afresh, so that they hold the permissions of this version's actions. */
export async function writeBuiltInRoles(db: Db, actions: readonly AnyAction<Db>[]): Promise<void> {
  const guarded = actions.filter(({ access }) => access === "granted").map(({ endpoint }) => endpoint);
  const names = [...new Set(guarded.map(({ name }) => name))];
  const ofSystem = new Set(guarded.filter(({ scope }) => scope === "system").map(({ name }) => name));
  const rows = BUILT_IN_ROLES.map((role) => ({
    id: role.id,
    name: role.name,
    description: role.description,
    permissions: names.filter((name) => role.holds(name, ofSystem.has(name))).sort(),
    scope: role.scope,
    built_in: true,
  }));
  await db
    .insertInto("role")
    .values(rows)
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet((row) => ({
        name: row.ref("excluded.name"),
        description: row.ref("excluded.description"),
        permissions: row.ref("excluded.permissions"),
        scope: row.ref("excluded.scope"),
        built_in: true,
      })),
    )
    .execute();
}

/** Replaces a member's roles. Fault `denied` when a given role holds more than the actor. */
export async function bindRoles(db: Db, actor: Actor, userId: string, roleIds: readonly string[]): Promise<void> {
  const orgId = actor.orgId ?? "";
  await db.deleteFrom("role_binding").where("org_id", "=", orgId).where("user_id", "=", userId).execute();
  await giveRoles(db, actor, userId, roleIds);
}

/** Gives a member who has none their roles. Fault `denied` when one holds more than the actor. */
export async function giveRoles(db: Db, actor: Actor, userId: string, roleIds: readonly string[]): Promise<void> {
  await mustHoldRoles(db, actor, roleIds);
  if (roleIds.length === 0) return;
  const rows = [...new Set(roleIds)].map((role_id) => ({ org_id: actor.orgId ?? "", user_id: userId, role_id }));
  await db.insertInto("role_binding").values(rows).execute();
}

async function mustHoldRoles(db: Db, actor: Actor, roleIds: readonly string[]): Promise<void> {
  if (roleIds.length === 0) return;
  const roles = await db
    .selectFrom("role")
    .select(["id", "name", "permissions", "scope", "org_id as orgId"])
    .where("id", "in", [...roleIds])
    .execute();
  const unknown = roleIds.find((id) => !roles.some((role) => role.id === id));
  if (unknown) throw new Fault("invalid", `There is no role "${unknown}".`);
  const elsewhere = roles.find((role) => role.scope !== "organization" || (role.orgId ?? actor.orgId) !== actor.orgId);
  if (elsewhere) throw new Fault("invalid", `The role "${elsewhere.name}" is not one of this organization.`);
  if (actor.kind === "system") return;
  const beyond = roles.find((role) => role.permissions.some((permission) => !actor.permissions.has(permission)));
  if (beyond)
    throw new Fault("denied", `You cannot give the role "${beyond.name}": it holds permissions that you lack.`);
}

/**
 * The one guard of every write to a user: nobody manages a user who holds, in any organization, a permission that the
 * actor does not hold there. Fault `denied`.
 */
export async function mustOutrank(db: Db, actor: Actor, userId: string): Promise<void> {
  if (actor.kind === "system" || actor.id === userId) return;
  const beyond = await sql`
    select 1 from held_permission theirs
    where theirs.user_id = ${userId} and not exists (
      select 1 from held_permission mine
      where mine.user_id = ${actor.id} and mine.org_id = theirs.org_id and mine.permission = theirs.permission)
    limit 1`.execute(db);
  if (beyond.rows.length > 0) {
    throw new Fault(
      "denied",
      "This user holds permissions that you lack, here or in another organization. Ask somebody who holds them.",
    );
  }
}

/**
 * The guard of what a person is in every organization (name, mail, being active, proofs of identity): the actor must
 * hold the permission wherever the user is a member. Fault `denied`.
 */
export async function mustHoldEverywhere(db: Db, actor: Actor, userId: string, permission: string): Promise<void> {
  if (actor.kind === "system" || actor.id === userId) return;
  const beyond = await sql`
    select 1 from membership m
    where m.user_id = ${userId} and m.org_id <> ${actor.orgId} and not exists (
      select 1 from held_permission mine
      where mine.user_id = ${actor.id} and mine.org_id = m.org_id and mine.permission = ${permission})
    limit 1`.execute(db);
  if (beyond.rows.length > 0) {
    throw new Fault(
      "denied",
      `This user also belongs to an organization where you lack the permission "${permission}". Ask somebody who holds it in both.`,
    );
  }
}

/** Seeing roles. */
export const roleActions = () => [
  serve(schema.listRoles, { access: "granted", run: ({ db, actor }, input) => listRoles(db, actor.orgId, input) }),
  serve(schema.readRole, {
    access: "granted",
    async run({ db, actor }, { id }) {
      const role = await findRole(db, actor.orgId, id);
      if (!role) throw notFound("role");
      return { ...role, holders: await countHolders(db, actor.orgId, id) };
    },
  }),
];
