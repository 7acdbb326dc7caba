import type { Db } from "../../db/index.ts";
import { watchAdministrators } from "../roles/administrators.ts";
import { gaveTo, type Given, give, givenBy, takeBack } from "./mapping.store.ts";

const same = (one: Given, other: Given): boolean =>
  one.orgId === other.orgId && one.groupId === other.groupId && one.roleId === other.roleId;

/** What changed for the user, for the audit event or the job's result. */
export interface Mapped {
  readonly gave: number;
  readonly tookBack: number;
}

/**
 * Renews what the backend's mappings give to the user, by the groups it names now: gives what is new, takes back what a
 * mapping gave and none gives any more. What somebody gave by hand stays. The last administrator stays one.
 */
export async function applyMappings(
  db: Db,
  backendId: string,
  userId: string,
  groups: readonly string[],
): Promise<Mapped> {
  const due = await givenBy(db, backendId, groups);
  const had = await gaveTo(db, backendId, userId);
  for (const one of due) await give(db, backendId, userId, one);
  let tookBack = 0;
  for (const one of had) {
    if (due.some((other) => same(one, other))) continue;
    if (await takeBackSafely(db, backendId, userId, one)) tookBack += 1;
  }
  return { gave: due.filter((one) => !had.some((other) => same(one, other))).length, tookBack };
}

/** Takes everything back that the backend's mappings gave to anybody; with `only`, just that. */
export async function takeBackAll(db: Db, backendId: string, only?: Given): Promise<number> {
  let query = db
    .selectFrom("mapped_member")
    .select(["user_id as userId", "org_id as orgId", "group_id as groupId", "role_id as roleId"])
    .where("backend_id", "=", backendId);
  if (only) {
    query = query
      .where("org_id", "=", only.orgId)
      .where("group_id", "is not distinct from", only.groupId)
      .where("role_id", "is not distinct from", only.roleId);
  }
  let count = 0;
  for (const { userId, ...given } of await query.execute()) {
    if (await takeBackSafely(db, backendId, userId, given)) count += 1;
  }
  return count;
}

/** False: the user is the organization's last active administrator and stays one. */
async function takeBackSafely(db: Db, backendId: string, userId: string, given: Given): Promise<boolean> {
  if (given.roleId === "administrator") {
    await watchAdministrators(db, [userId]);
    const others = await db
      .selectFrom("role_binding as b")
      .innerJoin("users as u", "u.id", "b.user_id")
      .select("u.id")
      .where("b.org_id", "=", given.orgId)
      .where("b.role_id", "=", "administrator")
      .where("u.active", "=", true)
      .where("u.kind", "=", "person")
      .where("u.expires_at", "is", null)
      .where("u.id", "<>", userId)
      .limit(1)
      .executeTakeFirst();
    if (!others) return false;
  }
  await takeBack(db, backendId, userId, given);
  return true;
}
