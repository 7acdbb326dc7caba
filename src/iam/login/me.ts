import { type Actor, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { Me } from "../schema.ts";
import { listEnterable } from "../orgs/org.store.ts";
import { Preferences } from "../schema.ts";

/** The rest is found by searching: me.organization.list. */
const SHOWN = 50;

/** What the console shows of the person who acts. */
export async function me(db: Db, actor: Actor): Promise<Me> {
  const user = await db
    .selectFrom("users")
    .select(["id", "login_name", "name", "preferences", "time_zone"])
    .where("id", "=", actor.id ?? "")
    .executeTakeFirst();
  const organization = await db
    .selectFrom("organization")
    .select(["id", "name"])
    .where("id", "=", actor.orgId)
    .executeTakeFirst();
  if (!user || !organization) throw new Fault("unauthenticated", "Sign in first.");
  const { items: organizations } = await listEnterable(db, user.id, { limit: SHOWN });
  return {
    id: user.id,
    loginName: user.login_name,
    name: user.name,
    organization,
    organizations,
    permissions: [...actor.permissions].sort(),
    preferences: Preferences.catch({}).parse(user.preferences),
    timeZone: user.time_zone,
  };
}
