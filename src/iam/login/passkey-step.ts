import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { refusedAlone } from "../factors/passkey.ts";
import { askForProof, checkProof, passkeyNamed } from "../factors/web-authn.ts";
import * as schema from "../schema.ts";
import { asksOf } from "./asks.ts";
import { addProof, attemptOf, endAttempt, openAttempt, recall, remember } from "./attempt.ts";
import { clearAttempts, countAttempt } from "./brake.ts";
import { signInSettings } from "./settings.ts";
import { hashToken } from "./token.ts";
import { goOn, type WayInDeps } from "./way-in.ts";

/** What wrong answers are counted under: the passkey they name, so that nobody's failures hold up somebody else's. */
const braked = (answer: string): string => `/passkey/${hashToken(passkeyNamed(answer)).toString("hex").slice(0, 32)}`;

/** Signing in with a passkey alone: it names its user, and verified on the device who holds it. */
export function passkeyStepActions(deps: WayInDeps) {
  const { db } = deps.database;

  function mustBeOffered({ passkeyAlone }: { readonly passkeyAlone: boolean }): void {
    if (!passkeyAlone) throw new Fault("denied", "Passkeys alone do not sign in here. Use your password.");
  }

  const begin = serve(schema.beginPasskeySignIn, {
    access: "anonymous",
    async before({ actor }) {
      mustBeOffered(await deps.platform.settings.read(signInSettings, null, db));
      return askForProof(db, { origin: actor.origin ?? null, userId: null });
    },
    async run({ db: tx, actor, prepared: { shown, memory }, deliver }, { returnTo = null }) {
      if (actor.attemptId) await endAttempt(tx, actor.attemptId);
      const { id, token, expiresAt } = await openAttempt(tx, actor, { userId: null, proofs: [], returnTo });
      await remember({ ...deps, db: tx }, id, memory);
      deliver({ kind: "attempt", token, expiresAt });
      return { shown };
    },
  });

  const finish = serve(schema.finishPasskeySignIn, {
    access: "anonymous",
    async before({ actor }, { answer }) {
      const attempt = await attemptOf(db, actor);
      if (attempt.userId || attempt.backendId) throw refusedAlone();
      await countAttempt(db, braked(answer), actor.address);
      const memory = await recall({ ...deps, db }, attempt.id);
      const proved = await checkProof(db, { origin: actor.origin ?? null, userId: null, answer, memory });
      if (!proved) throw refusedAlone();
      mustBeOffered(await asksOf({ ...deps, db }, proved.userId));
      await clearAttempts(db, braked(answer), actor.address);
      return { ...attempt, userId: proved.userId };
    },
    async run({ db: tx, actor, now, prepared: attempt, ...tell }) {
      const proofs = await addProof(tx, attempt.id, "passkey", attempt.userId);
      return goOn({ ...deps, db: tx }, { ...attempt, proofs }, { actor, now, tell });
    },
  });
  return [begin, finish];
}
