import { type Actor, type AnyAction, run, type Runtime } from "../core/index.ts";
import type { Database, Db } from "../db/index.ts";
import { tidyAttempts } from "./login/brake.ts";
import { groupActions } from "./groups/group.ts";
import { ANONYMOUS, actorOfToken } from "./login/console-session.ts";
import { type Presence, stillPresent } from "./login/presence.ts";
import { makeSetupToken, setupActions, setupIsNeeded } from "./login/setup.ts";
import { signInActions } from "./login/sign-in.ts";
import { keyIsKnown, sshSignInActions } from "./login/ssh-sign-in.ts";
import { writeDefaultOrganization } from "./orgs/org.ts";
import { roleActions, writeBuiltInRoles } from "./roles/role.ts";
import { type ParsePublicKey, sshKeyActions } from "./users/ssh-key.ts";
import { userActions } from "./users/user.ts";

export { changedMeanwhile, systemActor } from "../core/index.ts";
export { createOrganization, DEFAULT_ORGANIZATION } from "./orgs/org.ts";
export { receiverOf } from "./users/receiver.ts";
export type { Presence } from "./login/presence.ts";

/** The domain of identity as other domains see it. */
export type Iam = ReturnType<typeof createIam>;

/** Identity: who acts, and which permissions they hold. `parsePublicKey` throws Fault `invalid` for a bad key. */
export function createIam(deps: { database: Database; runtime: Runtime<Db>; parsePublicKey: ParsePublicKey }) {
  const { database, runtime, parsePublicKey } = deps;
  const anonymous = (address: string | null, via: Actor["via"]): Actor => ({ ...ANONYMOUS, address, via });

  async function overSsh(kind: "password" | "key", address: string | null, input: object): Promise<Actor> {
    let admitted: Actor | undefined;
    const actions = sshSignInActions({ database, admitted: (actor) => void (admitted = actor) });
    await run(runtime, actions[kind] as AnyAction<Db>, anonymous(address, "ssh"), input);
    if (!admitted) throw new Error("A sign-in succeeded without an actor");
    return admitted;
  }

  return {
    actions: [
      ...setupActions({ database }),
      ...signInActions({ database }),
      ...userActions(),
      ...sshKeyActions({ parsePublicKey }),
      ...groupActions(),
      ...roleActions(),
    ] as AnyAction<Db>[],

    /** The actor behind a console cookie's token; anonymous when there is none or it is not valid any more. */
    identify: (request: { token: string | null; address: string | null; via: Actor["via"] }): Promise<Actor> =>
      actorOfToken(database.db, request),

    /** Writes the default organization and the built-in roles; at each start, with the actions of all domains. */
    prepare: (actions: readonly AnyAction<Db>[]): Promise<void> =>
      database.transaction(async (db) => {
        await writeDefaultOrganization(db);
        await writeBuiltInRoles(db, actions);
      }),

    /** Removes what is out of date; to be called every few minutes. */
    tidy: (): Promise<void> => tidyAttempts(database.db),

    /** A new single-use set-up token (30 minutes), or null when there is an administrator. */
    makeSetupToken: (): Promise<string | null> => makeSetupToken(database),
    setupIsNeeded: (): Promise<boolean> => setupIsNeeded(database.db),

    /** Signs in over SSH with a password; Fault `unauthenticated` or `too_many`. Audited. */
    signInWithPassword: (proof: { loginName: string; password: string; address: string | null }): Promise<Actor> =>
      overSsh("password", proof.address, { loginName: proof.loginName, password: proof.password }),

    /** For each, in order, whether it may stay where it is; see `Presence`. */
    stillPresent: (presences: readonly Presence[]): Promise<boolean[]> => stillPresent(database.db, presences),

    /** Whether offering this key is worth a proof. Answers nothing about the person. */
    keyIsKnown: (key: { loginName: string; fingerprint: string }): Promise<boolean> => keyIsKnown(database.db, key),

    /** Signs in over SSH with a key whose signature the caller has verified; Fault `unauthenticated`. Audited. */
    signInWithKey: (proof: { loginName: string; fingerprint: string; address: string | null }): Promise<Actor> =>
      overSsh("key", proof.address, { loginName: proof.loginName, fingerprint: proof.fingerprint }),
  };
}
