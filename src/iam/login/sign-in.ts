import { sql } from "kysely";
import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { attemptOf, endAttempt } from "./attempt.ts";
import { candidateOf } from "./candidate.ts";
import { checkForm, proofOf } from "./first-proof.ts";
import { me } from "./me.ts";
import { userOfIdentity } from "./outside.ts";
import { comesNext, goOn, stepOf, type WayInDeps } from "./way-in.ts";

/** The first step in, where one stands, giving up, and one's own preferences. */
export function signInActions(deps: WayInDeps) {
  const { database } = deps;

  const signIn = serve(schema.signIn, {
    access: "anonymous",
    before: ({ actor }, input) => checkForm({ ...deps, db: database.db }, { ...input, address: actor.address }),
    async run({ db, actor, now, prepared, ...tell }, { returnTo = null }) {
      const from = { ...actor, attemptId: null };
      if (actor.attemptId) await endAttempt(db, actor.attemptId);
      const progress =
        prepared.by === "password"
          ? { userId: prepared.user.id, proofs: ["password"], backendId: null, returnTo }
          : {
              userId: await userOfIdentity(db, prepared.backend, prepared.outside),
              proofs: [proofOf(prepared.backend)],
              backendId: prepared.backend.id,
              returnTo,
            };
      return goOn({ ...deps, db }, progress, { actor: from, now, tell });
    },
  });

  const readStep = serve(schema.readSignInStep, {
    access: "anonymous",
    async run({ db, actor, now }): Promise<schema.SignInStep> {
      if (!actor.attemptId) return { step: "first" };
      const attempt = await attemptOf(db, actor);
      const user = attempt.userId ? await candidateOf(db, attempt.userId) : null;
      if (!user) return { step: "first" };
      const next = await comesNext({ ...deps, db }, user, attempt.proofs, { actor, now });
      return next.step === "done" ? { step: "first" } : stepOf(deps.factors, next);
    },
  });

  const cancel = serve(schema.cancelSignIn, {
    access: "anonymous",
    async run({ db, actor }) {
      if (actor.attemptId) await endAttempt(db, actor.attemptId);
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
        .executeTakeFirst();
      if (!row) throw new Fault("unauthenticated", "Sign in first.");
      return schema.Preferences.catch({}).parse(row.preferences);
    },
  });
  return [signIn, readStep, cancel, readMe, setPreferences];
}
