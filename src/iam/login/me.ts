import { type Actor, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { Me } from "../schema.ts";
import { Preferences } from "../schema.ts";

/** What the console shows of the person who acts. */
export async function me(db: Db, actor: Actor): Promise<Me> {
  const user = await db
    .selectFrom("users")
    .select(["id", "login_name", "name", "preferences"])
    .where("id", "=", actor.id ?? "")
    .executeTakeFirst();
  const organizations = await db
    .selectFrom("membership")
    .innerJoin("organization", "organization.id", "membership.org_id")
    .select(["organization.id", "organization.name"])
    .where("membership.user_id", "=", actor.id ?? "")
    .orderBy("organization.name")
    .limit(200)
    .execute();
  const organization = organizations.find((org) => org.id === actor.orgId);
  if (!user || !organization) throw new Fault("unauthenticated", "Sign in first.");
  return {
    id: user.id,
    loginName: user.login_name,
    name: user.name,
    organization,
    organizations,
    permissions: [...actor.permissions].sort(),
    preferences: Preferences.catch({}).parse(user.preferences),
  };
}
