import { type Actor, changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, keptByRule, serve, violated } from "../../db/index.ts";
import { mustNotReachMoreOneself } from "../users/belonging.ts";
import * as schema from "../schema.ts";
import type { Group } from "../schema.ts";
import { addMembers, findGroup, listGroups } from "./group.store.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

async function visibleGroup(db: Db, actor: Actor, id: string): Promise<Group> {
  const group = await findGroup(db, orgOf(actor), id);
  if (!group) throw notFound("group");
  return group;
}

function nameTaken(name: string | undefined): (error: unknown) => never {
  return (error) => {
    if (violated(error) !== "group_name_is_unique") throw error;
    throw new Fault("conflict", `There is a group "${name}" already. Choose another name.`);
  };
}

async function addAll(db: Db, actor: Actor, id: string, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  if ((await addMembers(db, orgOf(actor), id, userIds)) > 0) throw notFound("user");
}

const create = serve(schema.createGroup, {
  access: "granted",
  async run({ db, actor, about }, { name, comment, userIds }) {
    const id = newId();
    about({ kind: "group", id, name });
    for (const userId of userIds) mustNotReachMoreOneself(actor, userId);
    await db
      .insertInto("user_group")
      .values({ id, org_id: orgOf(actor), name, comment })
      .execute()
      .catch(nameTaken(name));
    await addAll(db, actor, id, userIds);
    return visibleGroup(db, actor, id);
  },
});

const update = serve(schema.updateGroup, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, ...changes }) {
    const before = await visibleGroup(db, actor, id);
    about({ kind: "group", id, name: before.name });
    const done = await db
      .updateTable("user_group")
      .set({ ...changes, version: version + 1, updated_at: now })
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst()
      .catch(nameTaken(changes.name));
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("group", before);
    const after = await visibleGroup(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteGroup, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const group = await visibleGroup(db, actor, id);
    about({ kind: "group", id, name: group.name });
    await db
      .deleteFrom("user_group")
      .where("org_id", "=", orgOf(actor))
      .where("id", "=", id)
      .execute()
      .catch(keptByRule("group"));
    return {};
  },
});

const add = serve(schema.addGroupMembers, {
  access: "granted",
  async run({ db, actor, about }, { id, userIds }) {
    const group = await visibleGroup(db, actor, id);
    about({ kind: "group", id, name: group.name });
    for (const userId of userIds) mustNotReachMoreOneself(actor, userId);
    await addAll(db, actor, id, userIds);
    return visibleGroup(db, actor, id);
  },
});

const take = serve(schema.removeGroupMembers, {
  access: "granted",
  async run({ db, actor, about }, { id, userIds }) {
    const group = await visibleGroup(db, actor, id);
    about({ kind: "group", id, name: group.name });
    await db
      .deleteFrom("group_member")
      .where("org_id", "=", orgOf(actor))
      .where("group_id", "=", id)
      .where("user_id", "in", userIds)
      .execute();
    return visibleGroup(db, actor, id);
  },
});

export const groupActions = () => [
  serve(schema.listGroups, { access: "granted", run: ({ db, actor }, input) => listGroups(db, orgOf(actor), input) }),
  serve(schema.readGroup, { access: "granted", run: ({ db, actor }, { id }) => visibleGroup(db, actor, id) }),
  create,
  update,
  remove,
  add,
  take,
];
