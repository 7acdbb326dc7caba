import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import type { Factor } from "../factors/factor.ts";
import * as schema from "../schema.ts";
import { addProof, attemptOf, countFailure, recall, remember } from "./attempt.ts";
import { clearAttempts, countAttempt } from "./brake.ts";
import { type Candidate, candidateOf } from "./candidate.ts";
import { comesNext, contextOf, goOn, type WayInDeps } from "./way-in.ts";

/** What wrong second factors are counted under; a slash is in no login name. */
const braked = (user: Candidate): string => `${user.loginName}/second-factor`;

const wrong = (): Fault => new Fault("unauthenticated", "That is not right. Try again, or choose another way.");

/** The second factor and its enrolment on the way in. */
export function factorStepActions(deps: WayInDeps) {
  const { database } = deps;
  const { db } = database;

  /** The attempt, its user and the factor, if that is what is asked of them now. */
  async function asked(at: Parameters<typeof comesNext>[3], step: "second-factor" | "enrol", kind: string) {
    const attempt = await attemptOf(db, at.actor);
    const user = attempt.userId ? await candidateOf(db, attempt.userId) : null;
    if (!user) throw new Fault("unauthenticated", "Sign in first.");
    const next = await comesNext({ ...deps, db }, user, attempt.proofs, at);
    if (next.step !== step || !next.kinds.includes(kind)) {
      throw new Fault("conflict", "This is not what the sign-in asks for now. Load the page again.");
    }
    const factor: Factor = deps.factors.get(kind);
    return { attempt: { ...attempt, userId: user.id }, user, factor, context: contextOf(db, user, at.actor, at.now) };
  }

  const begin = serve(schema.beginFactor, {
    access: "anonymous",
    async before(at, { kind }) {
      const { attempt, factor, context } = await asked(at, "second-factor", kind);
      const { shown, memory } = await factor.begin(context);
      await remember({ ...deps, db }, attempt.id, memory);
      return shown;
    },
    run: async ({ prepared: shown }) => ({ shown }),
  });

  const answer = serve(schema.answerFactor, {
    access: "anonymous",
    async before(at, { kind, answer: given }) {
      const { attempt, user, factor, context } = await asked(at, "second-factor", kind);
      await countAttempt(db, braked(user), at.actor.address);
      const memory = await recall({ ...deps, db }, attempt.id);
      if (!(await factor.verify(context, given, memory))) {
        await countFailure(db, attempt.id);
        if (memory) await remember({ ...deps, db }, attempt.id, memory);
        throw wrong();
      }
      await clearAttempts(db, braked(user), at.actor.address);
      return { ...attempt, proofs: [...attempt.proofs, kind] };
    },
    async run({ db: tx, actor, now, prepared: attempt, ...tell }, { kind }) {
      await addProof(tx, attempt.id, kind);
      return goOn({ ...deps, db: tx }, attempt, { actor, now, tell });
    },
  });

  const beginEnrolment = serve(schema.beginFactorEnrolment, {
    access: "anonymous",
    async before(at, { kind }) {
      const { attempt, factor, context } = await asked(at, "enrol", kind);
      const { shown, memory } = await factor.enrolment!.begin(context);
      await remember({ ...deps, db }, attempt.id, memory);
      return shown;
    },
    run: async ({ prepared: shown }) => ({ shown }),
  });

  const finishEnrolment = serve(schema.finishFactorEnrolment, {
    access: "anonymous",
    async before(at, { kind, answer: given }) {
      const { attempt, factor, context } = await asked(at, "enrol", kind);
      const memory = await recall({ ...deps, db }, attempt.id);
      const done = await factor.enrolment!.finish(context, given, memory);
      if (!done) {
        await countFailure(db, attempt.id);
        if (memory) await remember({ ...deps, db }, attempt.id, memory);
        throw wrong();
      }
      return { attempt: { ...attempt, proofs: [...attempt.proofs, kind] }, once: done.once ?? {} };
    },
    async run({ db: tx, actor, now, prepared: { attempt, once }, ...tell }, { kind }) {
      await addProof(tx, attempt.id, kind);
      return { once, next: await goOn({ ...deps, db: tx }, attempt, { actor, now, tell }) };
    },
  });
  return [begin, answer, beginEnrolment, finishEnrolment];
}
