import { type Actor, Fault, newId, notFound, type Registry } from "../../core/index.ts";
import { type Db, type Sealer, serve, violated } from "../../db/index.ts";
import { addGroupMembers } from "../groups/schema.ts";
import { updateUser } from "../users/schema.ts";
import { takeBackAll } from "./apply-mappings.ts";
import type { Backend } from "./backend.ts";
import { knownBackend } from "./backend-admin.ts";
import { mustHoldThere } from "./backend-guard.ts";
import { findMapping, type Given, listMappings } from "./mapping.store.ts";
import * as schema from "./schema.ts";

interface Deps {
  readonly sealer: Sealer;
  readonly backends: Registry<Backend>;
}

/** The permissions that giving it by hand would take, and those that a role hands on. Fault `not_found` or `invalid`. */
async function permissionsToGive(db: Db, { orgId, groupId, roleId }: Given): Promise<string[]> {
  if (groupId) {
    const group = await db
      .selectFrom("user_group")
      .select("id")
      .where("org_id", "=", orgId)
      .where("id", "=", groupId)
      .executeTakeFirst();
    if (!group) throw notFound("group");
    return [addGroupMembers.name];
  }
  const role = await db
    .selectFrom("role")
    .select(["name", "permissions", "scope", "org_id as orgId"])
    .where("id", "=", roleId)
    .executeTakeFirst();
  if (!role || (role.orgId !== null && role.orgId !== orgId)) throw notFound("role");
  if (role.scope !== "organization") {
    throw new Fault(
      "invalid",
      `roleId: "${role.name}" is a role of the system. Only roles of an organization can be mapped.`,
    );
  }
  return [updateUser.name, ...role.permissions];
}

async function mayGive(db: Db, actor: Actor, given: Given): Promise<void> {
  const permissions = await permissionsToGive(db, given);
  const to = given.groupId ? "map to this group" : "map to this role";
  await mustHoldThere(db, actor, { orgId: given.orgId, permissions, to });
}

/** What the groups of a backend give here. */
export function mappingActions(deps: Deps) {
  const list = serve(schema.listBackendMappings, {
    access: "granted",
    async run({ db }, { id, ...filter }) {
      await knownBackend({ ...deps, db }, id);
      return listMappings(db, id, filter);
    },
  });

  const add = serve(schema.addBackendMapping, {
    access: "granted",
    async run({ db, actor, about, note }, { id, outsideGroup, orgId, groupId, roleId }) {
      const backend = await knownBackend({ ...deps, db }, id);
      about({ kind: "sign-in-backend", id, name: backend.name });
      if ((groupId === null) === (roleId === null))
        throw new Fault("invalid", "Choose a group or a role, one of them.");
      await mayGive(db, actor, { orgId, groupId, roleId });
      const mappingId = newId();
      await db
        .insertInto("backend_mapping")
        .values({
          id: mappingId,
          backend_id: id,
          outside_group: outsideGroup,
          org_id: orgId,
          group_id: groupId,
          role_id: roleId,
        })
        .execute()
        .catch((error) => {
          if (violated(error) !== "mapping_is_listed_once") throw error;
          throw new Fault("conflict", "This mapping is there already.");
        });
      const mapping = await findMapping(db, id, mappingId);
      note({ mapping });
      return mapping!;
    },
  });

  const remove = serve(schema.removeBackendMapping, {
    access: "granted",
    async run({ db, actor, about, note }, { id, mappingId }) {
      const backend = await knownBackend({ ...deps, db }, id);
      about({ kind: "sign-in-backend", id, name: backend.name });
      const mapping = await findMapping(db, id, mappingId);
      if (!mapping) throw notFound("mapping");
      const given = {
        orgId: mapping.organization.id,
        groupId: mapping.group?.id ?? null,
        roleId: mapping.role?.id ?? null,
      };
      await mayGive(db, actor, given);
      await db.deleteFrom("backend_mapping").where("id", "=", mappingId).execute();
      const another = await db
        .selectFrom("backend_mapping")
        .select("id")
        .where("backend_id", "=", id)
        .where("org_id", "=", given.orgId)
        .where("group_id", "is not distinct from", given.groupId)
        .where("role_id", "is not distinct from", given.roleId)
        .executeTakeFirst();
      // Where another mapping gives the same, the next sign-in or sync tells who still gets it.
      const tookBack = another ? 0 : await takeBackAll(db, id, given);
      note({ mapping, tookBack });
      return {};
    },
  });
  return [list, add, remove];
}
