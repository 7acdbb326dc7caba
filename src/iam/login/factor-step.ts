import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { finishEnrolment } from "../factors/enrol.ts";
import type { Factor } from "../factors/factor.ts";
import * as schema from "../schema.ts";
import { answerIsRight, wrongFactor } from "./answer-factor.ts";
import { addProof, attemptOf, countFailure, recall, remember } from "./attempt.ts";
import { candidateOf } from "./candidate.ts";
import { comesNext, contextOf, goOn, type WayInDeps } from "./way-in.ts";

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
    return { attempt: { ...attempt, userId: user.id }, factor, context: contextOf(db, user, at.actor, at.now) };
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
      const { attempt, factor, context } = await asked(at, "second-factor", kind);
      let memory: unknown = null;
      const taking = async () => (memory = await recall({ ...deps, db }, attempt.id));
      if (!(await answerIsRight(factor, context, { answer: given, recall: taking }))) {
        await countFailure(db, attempt.id);
        if (memory) await remember({ ...deps, db }, attempt.id, memory);
        throw wrongFactor();
      }
      return attempt;
    },
    async run({ db: tx, actor, now, prepared: attempt, ...tell }, { kind }) {
      const proofs = await addProof(tx, attempt.id, kind);
      return goOn({ ...deps, db: tx }, { ...attempt, proofs }, { actor, now, tell });
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

  const endEnrolment = serve(schema.finishFactorEnrolment, {
    access: "anonymous",
    async before(at, { kind, answer: given }) {
      const { attempt, factor, context } = await asked(at, "enrol", kind);
      const memory = await recall({ ...deps, db }, attempt.id);
      const once = await finishEnrolment(factor, context, { answer: given, memory });
      if (!once) {
        await countFailure(db, attempt.id);
        if (memory) await remember({ ...deps, db }, attempt.id, memory);
        throw wrongFactor();
      }
      return { attempt, once };
    },
    async run({ db: tx, actor, now, prepared: { attempt, once }, ...tell }, { kind }) {
      const proofs = await addProof(tx, attempt.id, kind);
      return { once, next: await goOn({ ...deps, db: tx }, { ...attempt, proofs }, { actor, now, tell }) };
    },
  });
  return [begin, answer, beginEnrolment, endEnrolment];
}
