import { sql } from "kysely";
import { type Actor, type AnyAction, Fault, isRead, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import type { EffectivePermissions, Permission } from "../schema.ts";

/** Every permission there is, by name: one for each guarded action of all domains. */
export type Permissions = ReadonlyMap<string, Permission>;

/** The permissions of these actions. */
export const permissionsOfActions = (actions: readonly AnyAction<Db>[]): Permissions =>
  new Map(
    actions
      .filter(({ access }) => access === "granted")
      .map(({ endpoint }) => [
        endpoint.name,
        {
          name: endpoint.name,
          title: endpoint.title,
          scope: endpoint.scope ?? "organization",
          reads: isRead(endpoint),
        },
      ]),
  );

/**
 * What the actor may give on: what they hold in the organization of the request, or, for what counts over the whole site,
 * what their roles of the system hold; holding it in one organization is not enough there.
 */
export async function givenOn(db: Db, actor: Actor, reach: "organization" | "site"): Promise<ReadonlySet<string>> {
  if (reach === "organization") return actor.permissions;
  const { rows } = await sql<{ name: string }>`
    select distinct unnest(r.permissions) as name from system_role_binding b join role r on r.id = b.role_id
    where b.user_id = ${actor.id}`.execute(db);
  return new Set(rows.map(({ name }) => name).filter((name) => actor.permissions.has(name)));
}

/**
 * What a role may hold: known permissions, of the role's own scope, and none that the actor lacks (`held`, see `givenOn`).
 * Fault `invalid` or `denied`.
 */
export function mustBeGivable(
  known: Permissions,
  actor: Actor,
  {
    scope,
    permissions,
    held,
  }: { readonly scope: string; readonly permissions: readonly string[]; readonly held: ReadonlySet<string> },
): void {
  for (const name of permissions) {
    const permission = known.get(name);
    if (!permission) throw new Fault("invalid", `There is no permission "${name}".`);
    if (permission.scope === "system" && scope !== "system") {
      throw new Fault("invalid", `"${name}" is about the whole site: only a role of the system can hold it.`);
    }
    if (actor.kind !== "system" && !held.has(name)) {
      throw new Fault("denied", `You cannot put "${name}" into a role: you lack it yourself.`);
    }
  }
}

async function effective(db: Db, known: Permissions, orgId: string, userId: string): Promise<EffectivePermissions> {
  const { rows } = await sql<{ id: string; name: string; scope: string; permissions: string[] }>`
    select r.id, r.name, r.scope, r.permissions from role r
    where r.id in (
      select role_id from role_binding where org_id = ${orgId} and user_id = ${userId}
      union all select role_id from system_role_binding where user_id = ${userId})
    order by r.scope desc, r.name limit 200`.execute(db);
  const from = new Map<string, string[]>();
  for (const role of rows) for (const name of role.permissions) from.set(name, [...(from.get(name) ?? []), role.id]);
  const permissions = [...from]
    .flatMap(([name, roles]) => {
      const permission = known.get(name);
      return permission ? [{ ...permission, from: roles }] : [];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const roles = rows.map(({ id, name, scope }) => ({ id, name, scope: scope === "system" ? scope : "organization" }));
  return { roles: roles as EffectivePermissions["roles"], permissions };
}

async function mustBeMember(db: Db, orgId: string, userId: string): Promise<void> {
  const { rows } = await sql`select 1 from membership where org_id = ${orgId} and user_id = ${userId}`.execute(db);
  if (rows.length === 0) throw notFound("user");
}

/** Which permissions there are, and what somebody may do and why. `known` is filled when the program starts. */
export const permissionActions = (known: () => Permissions) => [
  serve(schema.listPermissions, {
    access: "granted",
    run: async () => ({ items: [...known().values()].sort((a, b) => (a.name < b.name ? -1 : 1)) }),
  }),
  serve(schema.readUserPermissions, {
    access: "granted",
    async run({ db, actor }, { id }) {
      await mustBeMember(db, actor.orgId ?? "", id);
      return effective(db, known(), actor.orgId ?? "", id);
    },
  }),
  serve(schema.readMyPermissions, {
    access: "signed-in",
    run: ({ db, actor }) => effective(db, known(), actor.orgId ?? "", actor.id ?? ""),
  }),
];
