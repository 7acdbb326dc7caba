import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import type { RedirectBackend } from "../backends/backend.ts";
import { activeBackends, callOf, type Configured } from "../backends/configured.ts";
import * as schema from "../schema.ts";
import { addProof, attemptOf, endAttempt, openAttempt, recall, remember, spend } from "./attempt.ts";
import { proofOf } from "./first-proof.ts";
import { userOfIdentity } from "./outside.ts";
import { signInSettings } from "./settings.ts";
import { goOn, type WayInDeps } from "./way-in.ts";

const gone = (): Fault => new Fault("not_found", "This way to sign in is not offered any more. Choose another one.");

/** Where a backend sends the browser back to: a page of the console, which hands the answer on. */
const callbackOf = (origin: string | null | undefined, id: string): string => {
  if (!origin) throw new Fault("invalid", "This way to sign in needs a browser.");
  return `${origin}/sign-in/callback/${id}`;
};

/** Signing in by being sent to somebody who knows the person, and back. */
export function redirectStepActions(deps: WayInDeps) {
  const { db } = deps.database;

  async function redirecting(id: string): Promise<Configured & { entry: RedirectBackend<unknown> }> {
    const [backend] = await activeBackends({ ...deps, db }, { flow: "redirect", id });
    if (!backend) throw gone();
    return backend as Configured & { entry: RedirectBackend<unknown> };
  }

  const list = serve(schema.listSignInWays, {
    access: "anonymous",
    async run({ db: reading }) {
      const active = await activeBackends({ ...deps, db: reading });
      const { passkeyAlone } = await deps.platform.settings.read(signInSettings, null, reading);
      return {
        ways: active.map(({ id, kind, name, entry }) => ({ id, kind, name, flow: entry.flow })),
        passkeys: passkeyAlone,
      };
    },
  });

  const begin = serve(schema.beginRedirect, {
    access: "anonymous",
    async before({ actor }, { backendId }) {
      const backend = await redirecting(backendId);
      return backend.entry.begin(callOf(backend), { callback: callbackOf(actor.origin, backendId) });
    },
    async run({ db: tx, actor, prepared: { location, memory }, deliver }, { backendId, returnTo = null }) {
      if (actor.attemptId) await endAttempt(tx, actor.attemptId);
      const { id, token, expiresAt } = await openAttempt(tx, actor, { userId: null, proofs: [], backendId, returnTo });
      await remember({ ...deps, db: tx }, id, memory);
      deliver({ kind: "attempt", token, expiresAt });
      return { location };
    },
  });

  const finish = serve(schema.finishRedirect, {
    access: "anonymous",
    async before({ actor, now }, { backendId, answer }) {
      const attempt = await attemptOf(db, actor);
      if (attempt.backendId !== backendId || attempt.userId) throw gone();
      const backend = await redirecting(backendId);
      const memory = await recall({ ...deps, db }, attempt.id);
      if (memory === null) throw new Fault("unauthenticated", "This answer was used already. Sign in again.");
      const longest = now.getTime() + 24 * 60 * 60_000;
      const outside = await backend.entry.finish(callOf(backend), {
        callback: callbackOf(actor.origin, backendId),
        answer,
        memory,
        spend: (proof, until) => spend(db, backendId, proof, new Date(Math.min(until.getTime(), longest))),
      });
      return { attempt, backend, outside };
    },
    async run({ db: tx, actor, now, prepared: { attempt, backend, outside }, ...tell }) {
      const userId = await userOfIdentity(tx, backend, outside);
      await tx.updateTable("sign_in_attempt").set({ user_id: userId }).where("id", "=", attempt.id).execute();
      await addProof(tx, attempt.id, proofOf(backend));
      return goOn({ ...deps, db: tx }, { ...attempt, userId, proofs: [proofOf(backend)] }, { actor, now, tell });
    },
  });
  return [list, begin, finish];
}
