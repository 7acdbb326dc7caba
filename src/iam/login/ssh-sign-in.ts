import { z } from "zod";
import { type Actor, endpoint, Fault, LoginName, plain, SecretText } from "../../core/index.ts";
import { type Database, type Db, serve } from "../../db/index.ts";
import { checkPassword, findCandidate, sshActor } from "./sign-in.ts";

const withPassword = endpoint({
  route: "POST /ssh/sign-in/password",
  name: "sign-in",
  title: "Sign in over SSH with name and password",
  input: z.object({ loginName: LoginName, password: SecretText }),
  output: z.object({}),
});

const withKey = endpoint({
  route: "POST /ssh/sign-in/key",
  name: "sign-in",
  title: "Sign in over SSH with a key whose possession was proved",
  input: z.object({ loginName: LoginName, fingerprint: plain(z.string().max(200)) }),
  output: z.object({}),
});

const refused = (): Fault => new Fault("unauthenticated", "This key does not belong to an active user of that name.");

/** Whether a key of that fingerprint could sign that user in; says nothing about who holds it. */
export async function keyIsKnown(db: Db, key: { loginName: string; fingerprint: string }): Promise<boolean> {
  const found = await db
    .selectFrom("ssh_key")
    .innerJoin("users", "users.id", "ssh_key.user_id")
    .select("ssh_key.id")
    .where("ssh_key.fingerprint", "=", key.fingerprint)
    .where((row) => row(row.fn<string>("lower", ["users.login_name"]), "=", key.loginName.toLowerCase()))
    .where("users.active", "=", true)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * The two ways into the SSH gateway, as actions so that each try is audited. They are not mounted on HTTP. The actor
 * goes to `admitted`.
 */
export function sshSignInActions(deps: { database: Database; admitted: (actor: Actor) => void }) {
  const { database, admitted } = deps;
  return {
    password: serve(withPassword, {
      access: "anonymous",
      before: ({ actor }, input) => checkPassword(database.db, { ...input, address: actor.address }),
      async run({ actor, prepared: user, actAs, note, db, now }) {
        await db.updateTable("users").set({ last_sign_in_at: now }).where("id", "=", user.id).execute();
        const person = sshActor(user, actor.address);
        actAs(person);
        note({ method: "password" });
        admitted(person);
        return {};
      },
    }),
    key: serve(withKey, {
      access: "anonymous",
      async run({ db, actor, now, actAs, note }, { loginName, fingerprint }) {
        const user = await findCandidate(db, loginName);
        if (!user?.active) throw refused();
        const used = await db
          .updateTable("ssh_key")
          .set({ last_used_at: now })
          .where("user_id", "=", user.id)
          .where("fingerprint", "=", fingerprint)
          .executeTakeFirst();
        if (used.numUpdatedRows !== 1n) throw refused();
        await db.updateTable("users").set({ last_sign_in_at: now }).where("id", "=", user.id).execute();
        const person = sshActor(user, actor.address);
        actAs(person);
        note({ method: "publickey", fingerprint });
        admitted(person);
        return {};
      },
    }),
  };
}
