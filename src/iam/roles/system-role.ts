import { sql } from "kysely";
import { type Actor, Fault, notFound } from "../../core/index.ts";
import { containing, type Db, page, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { watchAdministrators } from "./administrators.ts";
import { givenOn } from "./permission.ts";
import { mustOutrank } from "./role.ts";

/** The roles, if all are of the system and the actor holds everything in them; Fault `invalid` or `denied`. */
async function mustBeBindable(db: Db, actor: Actor, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const roles = await db
    .selectFrom("role")
    .select(["id", "name", "scope", "permissions"])
    .where("id", "in", [...ids])
    .execute();
  const unknown = ids.find((id) => !roles.some((role) => role.id === id && role.scope === "system"));
  if (unknown) throw new Fault("invalid", `There is no role "${unknown}" of the system.`);
  const held = await givenOn(db, actor, "site");
  const beyond = roles.find(({ permissions }) => permissions.some((name) => !held.has(name)));
  if (actor.kind !== "system" && beyond) {
    throw new Fault("denied", `You cannot give the role "${beyond.name}": it holds permissions that you lack.`);
  }
}

/** Who holds roles of the system, and giving them. */
export const systemRoleActions = () => [
  serve(schema.listSystemRoleHolders, {
    access: "granted",
    async run({ db }, input) {
      let query = db
        .selectFrom("users")
        .select([
          "users.id",
          "users.login_name as loginName",
          "users.name",
          "users.active",
          sql<string[]>`array(select b.role_id from system_role_binding b where b.user_id = users.id order by 1)`.as(
            "roles",
          ),
        ])
        .where((row) =>
          row.exists(
            row
              .selectFrom("system_role_binding as b")
              .select("b.role_id")
              .whereRef("b.user_id", "=", "users.id")
              .$if(input.roleId !== undefined, (held) => held.where("b.role_id", "=", input.roleId!)),
          ),
        );
      if (input.search) {
        const pattern = containing(input.search);
        query = query.where((row) =>
          row.or([row("users.name", "ilike", pattern), row("users.login_name", "ilike", pattern)]),
        );
      }
      return page(query, { by: "users.sort_name", id: "users.id", limit: input.limit, cursor: input.cursor });
    },
  }),
  serve(schema.setSystemRoles, {
    access: "granted",
    confirm: { level: "password", minutes: 15 },
    async run({ db, actor, about, note }, { id, roles }) {
      const user = await db.selectFrom("users").select(["login_name", "kind"]).where("id", "=", id).executeTakeFirst();
      if (!user) throw notFound("user");
      about({ kind: "user", id, name: user.login_name });
      if (actor.id === id) throw new Fault("denied", "You cannot change your own roles. Ask another administrator.");
      await mustOutrank(db, actor, id);
      await mustBeBindable(db, actor, roles);
      const mustLast = await watchAdministrators(db, [id]);
      const before = await db
        .deleteFrom("system_role_binding")
        .where("user_id", "=", id)
        .returning("role_id")
        .execute();
      const wanted = [...new Set(roles)].sort();
      if (wanted.length > 0) {
        await db
          .insertInto("system_role_binding")
          .values(wanted.map((role_id) => ({ user_id: id, role_id })))
          .execute();
      }
      await mustLast();
      note({ before: { roles: before.map(({ role_id }) => role_id).sort() }, after: { roles: wanted } });
      return { id, roles: wanted };
    },
  }),
];
