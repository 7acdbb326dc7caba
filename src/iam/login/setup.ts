import { sql } from "kysely";
import { type Actor, Fault, newId } from "../../core/index.ts";
import { type Database, type Db, serve, violated } from "../../db/index.ts";
import { DEFAULT_ORGANIZATION } from "../orgs/org.ts";
import type { Platform } from "../../platform/index.ts";
import { acceptFirstPassword } from "../passwords/policy.ts";
import * as schema from "../schema.ts";
import { consoleSettings } from "../tokens/settings.ts";
import { countAttempt } from "./brake.ts";
import { openConsoleSession, permissionsOf } from "./console-session.ts";
import { me } from "./me.ts";
import { hashToken, newToken } from "./token.ts";

const VALID_MINUTES = 30;
/** What wrong tokens are counted under; a slash is in no login name. */
const NO_LOGIN_NAME = "/setup";

/** Whether nobody can administer the installation yet. */
export async function setupIsNeeded(db: Db): Promise<boolean> {
  const found = await db
    .selectFrom("system_role_binding")
    .select("user_id")
    .where("role_id", "=", "system-administrator")
    .limit(1)
    .execute();
  return found.length === 0;
}

/** A single-use token for the set-up page, valid 30 minutes; null once there is an administrator. Voids older ones. */
export async function makeSetupToken(database: Database): Promise<string | null> {
  return database.transaction(async (db) => {
    if (!(await setupIsNeeded(db))) return null;
    const { token, hash } = newToken();
    await db.deleteFrom("setup_token").execute();
    await db
      .insertInto("setup_token")
      .values({ token_hash: hash, expires_at: sql`now() + make_interval(mins => ${VALID_MINUTES})` })
      .execute();
    return token;
  });
}

/** One look-up by hash, whatever was typed. */
async function isValid(db: Db, token: string): Promise<boolean> {
  const found = await db
    .selectFrom("setup_token")
    .select("token_hash")
    .where("token_hash", "=", hashToken(token))
    .where("used_at", "is", null)
    .where("expires_at", ">", sql<Date>`now()`)
    .execute();
  return found.length > 0;
}

async function useSetupToken(db: Db, token: string): Promise<void> {
  const used = await db
    .updateTable("setup_token")
    .set({ used_at: sql`now()` })
    .where("token_hash", "=", hashToken(token))
    .where("used_at", "is", null)
    .where("expires_at", ">", sql<Date>`now()`)
    .returning("token_hash")
    .executeTakeFirst();
  if (!used) {
    throw new Fault(
      "denied",
      "This set-up address was used or is older than 30 minutes. Start the program again for a new one.",
    );
  }
}

/** Reading whether set-up is open, and completing it. */
export function setupActions({ database, platform }: { database: Database; platform: Pick<Platform, "settings"> }) {
  const read = serve(schema.readSetup, {
    access: "anonymous",
    run: async ({ db }) => ({ needed: await setupIsNeeded(db) }),
  });

  const complete = serve(schema.completeSetup, {
    access: "anonymous",
    async before({ actor }, input) {
      // Only wrong tokens count, or strangers could make the real administrator wait.
      if (!(await isValid(database.db, input.token))) await countAttempt(database.db, NO_LOGIN_NAME, actor.address);
      const { loginName, name, password } = input;
      const deps = { db: database.db, platform };
      return acceptFirstPassword(deps, { loginName, name, email: null }, { password, orgIds: [] });
    },
    async run({ db, actor, now, prepared: passwordHash, ...tell }, input) {
      await useSetupToken(db, input.token);
      if (!(await setupIsNeeded(db))) throw new Fault("conflict", "Set-up was completed already. Sign in instead.");
      const id = newId();
      await makeAdministrator(db, { id, loginName: input.loginName, name: input.name, passwordHash });
      const session = await openConsoleSession(db, {
        userId: id,
        orgId: DEFAULT_ORGANIZATION,
        address: actor.address,
        agent: actor.agent ?? null,
        now,
        proofs: ["password"],
        backendId: null,
        limits: await platform.settings.read(consoleSettings, DEFAULT_ORGANIZATION, db),
        typedPassword: true,
      });
      const person: Actor = {
        ...actor,
        kind: "person",
        id,
        name: input.name,
        orgId: DEFAULT_ORGANIZATION,
        signInId: session.id,
      };
      tell.actAs(person);
      tell.about({ kind: "user", id, name: input.loginName });
      tell.deliver({ kind: "sign-in", token: session.token, expiresAt: session.expiresAt });
      return me(db, { ...person, permissions: await heldBy(db, id) });
    },
  });
  return [read, complete];
}

async function makeAdministrator(
  db: Db,
  user: { id: string; loginName: string; name: string; passwordHash: string },
): Promise<void> {
  await db
    .insertInto("users")
    .values({
      id: user.id,
      login_name: user.loginName,
      name: user.name,
      password_hash: user.passwordHash,
      last_sign_in_at: sql`now()`,
    })
    .execute()
    .catch((error) => {
      if (violated(error) !== "user_login_name_is_unique") throw error;
      throw new Fault("conflict", `The login name "${user.loginName}" is taken. Choose another one.`);
    });
  await db.insertInto("membership").values({ org_id: DEFAULT_ORGANIZATION, user_id: user.id }).execute();
  await db
    .insertInto("role_binding")
    .values({ org_id: DEFAULT_ORGANIZATION, user_id: user.id, role_id: "administrator" })
    .execute();
  await db.insertInto("system_role_binding").values({ user_id: user.id, role_id: "system-administrator" }).execute();
}

async function heldBy(db: Db, userId: string): Promise<ReadonlySet<string>> {
  const row = await sql<{ permissions: string[] }>`
    select ${permissionsOf("m.org_id", "m.user_id")} as permissions from membership m
    where m.org_id = ${DEFAULT_ORGANIZATION} and m.user_id = ${userId}`.execute(db);
  return new Set(row.rows[0]?.permissions ?? []);
}
