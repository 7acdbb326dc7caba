import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { acceptNewPassword, storePassword } from "../passwords/policy.ts";
import * as schema from "../schema.ts";
import { attemptOf, holdAttempt } from "./attempt.ts";
import { candidateOf } from "./candidate.ts";
import { endConsoleSessions } from "./console-session.ts";
import { comesNext, goOn, type WayInDeps } from "./way-in.ts";

/** The new password that a sign-in asks for. */
export function newPasswordActions(deps: WayInDeps) {
  const { db } = deps.database;
  const give = serve(schema.giveNewPassword, {
    access: "anonymous",
    async before(at, { password }) {
      const attempt = await attemptOf(db, at.actor);
      const user = attempt.userId ? await candidateOf(db, attempt.userId) : null;
      const next = user && (await comesNext({ ...deps, db }, user, attempt.proofs, at));
      if (!user || next?.step !== "new-password") {
        throw new Fault("conflict", "This is not what the sign-in asks for now. Load the page again.");
      }
      const hash = await acceptNewPassword({ ...deps, db }, user.id, { password });
      return { attempt: { ...attempt, userId: user.id }, hash };
    },
    async run({ db: tx, actor, now, prepared: { attempt, hash }, ...tell }) {
      await holdAttempt(tx, attempt.id);
      await storePassword(tx, attempt.userId, hash);
      await endConsoleSessions(tx, attempt.userId);
      return goOn({ ...deps, db: tx }, attempt, { actor, now, tell });
    },
  });
  return [give];
}
