import { sql } from "kysely";
import { type Actor, Fault } from "../../core/index.ts";
import { type Database, type Db, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { clearAttempts, countAttempt } from "./brake.ts";
import { openConsoleSession, permissionsOf } from "./console-session.ts";
import { me } from "./me.ts";
import { verifyPassword } from "./password.ts";

interface Candidate {
  id: string;
  name: string;
  orgId: string;
  active: boolean;
  passwordHash: string | null;
  permissions: string[];
}

const refused = (): Fault =>
  new Fault("unauthenticated", "The name or the password is not right, or the user may not sign in.");

/** The user of that login name with the organization of first membership; null if there is none. */
export async function findCandidate(db: Db, loginName: string): Promise<Candidate | null> {
  const found = await sql<Candidate>`
    select u.id, u.name, m.org_id as "orgId", u.active, u.password_hash as "passwordHash", ${permissionsOf("m.org_id", "u.id")} as permissions
    from users u join membership m on m.user_id = u.id
    where lower(u.login_name) = lower(${loginName})
    order by m.created_at, m.org_id limit 1`.execute(db);
  return found.rows[0] ?? null;
}

const actorOf = (user: Candidate, address: string | null, via: Actor["via"], signInId: string | null): Actor => ({
  kind: "person",
  id: user.id,
  name: user.name,
  orgId: user.orgId,
  address,
  via,
  permissions: new Set(user.permissions),
  signInId,
});

/** Name and password, braked, in uniform time. Fault `unauthenticated` or `too_many`. */
export async function checkPassword(
  db: Db,
  proof: { loginName: string; password: string; address: string | null },
): Promise<Candidate> {
  await countAttempt(db, proof.loginName, proof.address);
  const user = await findCandidate(db, proof.loginName);
  const fits = await verifyPassword(proof.password, user?.passwordHash ?? null);
  if (!user || !fits || !user.active) throw refused();
  await clearAttempts(db, proof.loginName, proof.address);
  return user;
}

/** The sign-in, sign-out and own-password actions. */
export function signInActions({ database }: { database: Database }) {
  const signIn = serve(schema.signIn, {
    access: "anonymous",
    before: ({ actor }, input) => checkPassword(database.db, { ...input, address: actor.address }),
    async run({ db, actor, now, prepared: user, ...tell }) {
      if (actor.signInId) await db.deleteFrom("console_session").where("id", "=", actor.signInId).execute();
      const session = await openConsoleSession(db, { userId: user.id, orgId: user.orgId, address: actor.address, now });
      await db.updateTable("users").set({ last_sign_in_at: now }).where("id", "=", user.id).execute();
      const person = actorOf(user, actor.address, actor.via, session.id);
      tell.actAs(person);
      tell.deliver({ kind: "sign-in", token: session.token, expiresAt: session.expiresAt });
      return me(db, person);
    },
  });

  const signOut = serve(schema.signOut, {
    access: "signed-in",
    async run({ db, actor, deliver }) {
      if (actor.signInId) await db.deleteFrom("console_session").where("id", "=", actor.signInId).execute();
      deliver({ kind: "sign-out" });
      return {};
    },
  });

  const readMe = serve(schema.readMe, { access: "signed-in", run: ({ db, actor }) => me(db, actor) });

  const setPreferences = serve(schema.setPreferences, {
    access: "signed-in",
    async run({ db, actor }, input) {
      const row = await db
        .updateTable("users")
        .set({ preferences: sql`preferences || ${JSON.stringify(input)}::jsonb` })
        .where("id", "=", actor.id)
        .returning("preferences")
        .executeTakeFirstOrThrow();
      return schema.Preferences.catch({}).parse(row.preferences);
    },
  });
  return [signIn, signOut, readMe, setPreferences];
}

/** The actor of a user who proved to be it over SSH. */
export const sshActor = (user: Candidate, address: string | null): Actor => actorOf(user, address, "ssh", null);
