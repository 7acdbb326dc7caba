import { sql } from "kysely";
import { type Actor, changedMeanwhile, type Context, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import * as schema from "../schema.ts";
import type { Role } from "../schema.ts";
import { givenOn, mustBeGivable, type Permissions } from "./permission.ts";
import { findRole } from "./role.store.ts";

/** Whose roles: those of the organization of the request, or those of the site. */
type Owner = "organization" | "site";

interface NewRole {
  readonly name: string;
  readonly description: string;
  readonly secondFactor: Role["secondFactor"];
  readonly permissions: readonly string[];
  readonly scope: Role["scope"];
}

interface Change extends Partial<Omit<NewRole, "scope">> {
  readonly id: string;
  readonly version: number;
}

const orgOf = (owner: Owner, actor: Actor): string | null => (owner === "site" ? null : actor.orgId);

/** A role that people made and that this owner may change; Fault `not_found`, or `denied` for a built-in one. */
async function changeable(db: Db, owner: Owner, actor: Actor, id: string): Promise<Role> {
  const role = await findRole(db, actor.orgId, id, { lock: true });
  if (!role) throw notFound("role");
  if (role.builtIn) throw new Fault("denied", `"${role.name}" comes with the program and cannot be changed. Copy it.`);
  if (role.own !== (owner === "organization")) {
    throw new Fault("denied", `"${role.name}" is a role of the whole site. Ask a system administrator to change it.`);
  }
  return role;
}

/** Nobody touches a role that holds more than they do themselves. */
function mustHoldAll(actor: Actor, role: Role, held: ReadonlySet<string>): void {
  const beyond = role.permissions.find((name) => !held.has(name));
  if (actor.kind !== "system" && beyond) {
    throw new Fault("denied", `You cannot change the role "${role.name}": it holds "${beyond}", which you lack.`);
  }
}

const ASKED = [null, "on", "forced"];

/** Nobody frees themselves of the second factor that a role of theirs asks for. */
async function mustNotEaseOneself(db: Db, actor: Actor, before: Role, { secondFactor }: Change): Promise<void> {
  if (secondFactor === undefined || ASKED.indexOf(secondFactor) >= ASKED.indexOf(before.secondFactor)) return;
  const { rows } = await sql`
    select 1 from role_binding where role_id = ${before.id} and user_id = ${actor.id}
    union all select 1 from system_role_binding where role_id = ${before.id} and user_id = ${actor.id} limit 1`.execute(
    db,
  );
  if (rows.length > 0) {
    throw new Fault(
      "denied",
      `You hold the role "${before.name}" yourself. Ask another administrator to ask less of it.`,
    );
  }
}

function nameTaken(name: string | undefined): (error: unknown) => never {
  return (error) => {
    if (violated(error) !== "role_name_is_unique") throw error;
    throw new Fault("conflict", `There is a role "${name}" already. Choose another name.`);
  };
}

async function insert(db: Db, owner: Owner, actor: Actor, role: NewRole): Promise<Role> {
  const id = newId();
  await db
    .insertInto("role")
    .values({
      id,
      name: role.name,
      description: role.description,
      scope: role.scope,
      second_factor: role.secondFactor,
      permissions: [...new Set(role.permissions)].sort(),
      org_id: orgOf(owner, actor),
    })
    .execute()
    .catch(nameTaken(role.name));
  return (await findRole(db, actor.orgId, id))!;
}

async function alter(db: Db, before: Role, { id, version, permissions, secondFactor, ...texts }: Change, now: Date) {
  const done = await db
    .updateTable("role")
    .set({
      ...texts,
      ...(permissions && { permissions: [...new Set(permissions)].sort() }),
      ...(secondFactor !== undefined && { second_factor: secondFactor }),
      version: version + 1,
      updated_at: now,
    })
    .where("id", "=", id)
    .where("version", "=", version)
    .executeTakeFirst()
    .catch(nameTaken(texts.name));
  if (done.numUpdatedRows !== 1n) throw changedMeanwhile("role", before);
}

async function mustBeUnheld(db: Db, role: Role): Promise<void> {
  const { rows } = await sql<{ holders: number; mappings: number }>`
    select (select count(*) from role_binding where role_id = ${role.id})
      + (select count(*) from system_role_binding where role_id = ${role.id}) as holders,
      (select count(*) from backend_mapping where role_id = ${role.id}) as mappings`.execute(db);
  const { holders, mappings } = rows[0]!;
  if (Number(holders) + Number(mappings) === 0) return;
  throw new Fault(
    "conflict",
    `The role "${role.name}" is held by ${holders} users and given by ${mappings} mappings. Take it from them first.`,
    { holders: Number(holders), mappings: Number(mappings) },
  );
}

/** Making, changing and deleting roles, of an organization and of the site. */
export function ownRoleActions(known: () => Permissions) {
  const creating = async ({ db, actor, about }: Context<Db>, owner: Owner, role: NewRole): Promise<Role> => {
    mustBeGivable(known(), actor, { ...role, held: await givenOn(db, actor, owner) });
    const made = await insert(db, owner, actor, role);
    about({ kind: "role", id: made.id, name: made.name });
    return made;
  };

  const updating = async (
    { db, actor, now, about, changed }: Context<Db>,
    owner: Owner,
    change: Change,
  ): Promise<Role> => {
    const before = await changeable(db, owner, actor, change.id);
    about({ kind: "role", id: before.id, name: before.name });
    const held = await givenOn(db, actor, owner);
    mustHoldAll(actor, before, held);
    if (change.permissions)
      mustBeGivable(known(), actor, { scope: before.scope, permissions: change.permissions, held });
    await mustNotEaseOneself(db, actor, before, change);
    await alter(db, before, change, now);
    const after = (await findRole(db, actor.orgId, change.id))!;
    changed(before, after);
    return after;
  };

  const removing = async (
    { db, actor, about }: Context<Db>,
    owner: Owner,
    id: string,
  ): Promise<Record<string, never>> => {
    const role = await changeable(db, owner, actor, id);
    about({ kind: "role", id: role.id, name: role.name });
    mustHoldAll(actor, role, await givenOn(db, actor, owner));
    await mustBeUnheld(db, role);
    await db.deleteFrom("role").where("id", "=", id).execute();
    return {};
  };

  return [
    serve(schema.createRole, {
      access: "granted",
      run: (context, input) => creating(context, "organization", { ...input, scope: "organization" }),
    }),
    serve(schema.updateRole, { access: "granted", run: (context, input) => updating(context, "organization", input) }),
    serve(schema.deleteRole, { access: "granted", run: (context, { id }) => removing(context, "organization", id) }),
    serve(schema.createSiteRole, { access: "granted", run: (context, input) => creating(context, "site", input) }),
    serve(schema.updateSiteRole, { access: "granted", run: (context, input) => updating(context, "site", input) }),
    serve(schema.deleteSiteRole, { access: "granted", run: (context, { id }) => removing(context, "site", id) }),
  ];
}
