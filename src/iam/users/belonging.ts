import { type Actor, Fault, notFound } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { groupIdsOf } from "./user.store.ts";

/** Makes these the user's groups in the organization. Fault `denied` without the right to change members of groups. */
export async function putIntoGroups(db: Db, actor: Actor, userId: string, groupIds: readonly string[]): Promise<void> {
  const orgId = actor.orgId ?? "";
  const held = new Set(await groupIdsOf(db, orgId, userId));
  const wished = new Set(groupIds);
  const added = [...wished].filter((id) => !held.has(id));
  const taken = [...held].filter((id) => !wished.has(id));
  if (added.length > 0) {
    mustHold(actor, schema.addGroupMembers.name);
    mustNotReachMoreOneself(actor, userId);
    await insertInto(db, orgId, userId, added);
  }
  if (taken.length > 0) {
    mustHold(actor, schema.removeGroupMembers.name);
    await db
      .deleteFrom("group_member")
      .where("org_id", "=", orgId)
      .where("user_id", "=", userId)
      .where("group_id", "in", taken)
      .execute();
  }
}

async function insertInto(db: Db, orgId: string, userId: string, groupIds: readonly string[]): Promise<void> {
  const known = await db
    .selectFrom("user_group")
    .select("id")
    .where("org_id", "=", orgId)
    .where("id", "in", [...groupIds])
    .execute();
  if (known.length < groupIds.length) throw notFound("group");
  await db
    .insertInto("group_member")
    .values(groupIds.map((group_id) => ({ org_id: orgId, group_id, user_id: userId })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Fault `denied` unless the actor holds the permission. */
export function mustHold(actor: Actor, permission: string): void {
  if (actor.kind === "system" || actor.permissions.has(permission)) return;
  throw new Fault(
    "denied",
    `You lack the permission "${permission}" in this organization. Ask an administrator for a role that holds it.`,
    { permission },
  );
}

/** Whoever may not give rules does not give oneself what a group reaches. Fault `denied`. */
export function mustNotReachMoreOneself(actor: Actor, userId: string): void {
  if (actor.id !== userId || actor.permissions.has("grant.create")) return;
  throw new Fault("denied", "You cannot put yourself into a group. Ask another administrator.");
}
