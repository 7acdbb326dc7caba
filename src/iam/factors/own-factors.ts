import { z } from "zod";
import { type Actor, Fault, mustBeConfirmed, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { levelOf } from "../login/asks.ts";
import { attemptOf, countFailure, endAttempt, openAttempt, recall, remember } from "../login/attempt.ts";
import { wrongFactor } from "../login/answer-factor.ts";
import { type Candidate, candidateOf } from "../login/candidate.ts";
import { contextOf, type WayInDeps } from "../login/way-in.ts";
import * as schema from "../schema.ts";
import { finishEnrolment } from "./enrol.ts";
import type { Factor, FactorContext } from "./factor.ts";
import { factorsOf, forgetFactors } from "./kept-factors.ts";
import { makeRecoveryCodes } from "./recovery-code.ts";

/** Proved afresh before a person's own factors change; who has a factor gives it, for a password alone must not take it away. */
const CONFIRM = { level: "password", minutes: 5 } as const;
const CONFIRM_HAVING_ONE = { level: "second-factor", minutes: 5 } as const;

const Memory = z.object({ kind: z.string(), memory: z.unknown() });

interface At {
  readonly actor: Actor;
  readonly now: Date;
}

/** A person's own second factors. */
export function ownFactorActions(deps: WayInDeps) {
  const { db } = deps.database;

  async function mine(reading: Db, at: At): Promise<{ user: Candidate; context: FactorContext }> {
    const user = await candidateOf(reading, at.actor.id ?? "");
    if (!user) throw new Fault("unauthenticated", "Sign in first.");
    return { user, context: contextOf(reading, user, at.actor, at.now) };
  }

  /** Factors that count as having one. */
  async function readyOf(context: FactorContext): Promise<Factor[]> {
    const ready: Factor[] = [];
    for (const factor of deps.factors.list()) if (!factor.spare && (await factor.isReady(context))) ready.push(factor);
    return ready;
  }

  async function mustConfirm(context: FactorContext, at: At): Promise<void> {
    if ((await readyOf(context)).length > 0) mustBeConfirmed(CONFIRM_HAVING_ONE, at.actor, at.now);
  }

  const list = serve(schema.listMyFactors, {
    access: "signed-in",
    async run({ db: reading, actor, now }) {
      const { user, context } = await mine(reading, { actor, now });
      const open: { kind: string; title: string }[] = [];
      for (const { kind, title, enrolment } of deps.factors.list()) {
        if (enrolment && ((await enrolment.isOpen?.(context)) ?? true)) open.push({ kind, title });
      }
      return {
        ...(await factorsOf(deps.factors, reading, user.id)),
        level: await levelOf({ ...deps, db: reading }, user),
        open,
      };
    },
  });

  const begin = serve(schema.beginMyFactor, {
    access: "signed-in",
    confirm: CONFIRM,
    async before(at, { kind }) {
      const { user, context } = await mine(db, at);
      await mustConfirm(context, at);
      const { enrolment } = deps.factors.get(kind);
      if (!enrolment || !((await enrolment.isOpen?.(context)) ?? true))
        throw new Fault("conflict", "This second factor cannot be set up here. Choose another one.");
      const { shown, memory } = await enrolment.begin(context);
      const { id } = await openAttempt(db, at.actor, { userId: user.id, proofs: [], purpose: "enrol" });
      await remember({ ...deps, db }, id, { kind, memory });
      return { enrolmentId: id, shown };
    },
    run: async ({ prepared }) => prepared,
  });

  const finish = serve(schema.finishMyFactor, {
    access: "signed-in",
    async before(at, { enrolmentId, answer }) {
      const { user, context } = await mine(db, at);
      const attempt = await attemptOf(db, { ...at.actor, attemptId: enrolmentId }, "enrol");
      if (attempt.userId !== user.id) throw notFound("enrolment");
      const taken = await recall({ ...deps, db }, attempt.id);
      if (taken === null) throw new Fault("conflict", "This was tried at the same moment elsewhere. Begin again.");
      const { kind, memory } = Memory.parse(taken);
      const once = await finishEnrolment(deps.factors.get(kind), context, { answer, memory });
      if (once) return { once, attemptId: attempt.id, kind };
      await countFailure(db, attempt.id);
      await remember({ ...deps, db }, attempt.id, taken);
      throw wrongFactor();
    },
    async run({ db: tx, note, prepared: { once, attemptId, kind } }) {
      await endAttempt(tx, attemptId);
      note({ kind });
      return { once };
    },
  });

  const remove = serve(schema.removeMyFactor, {
    access: "signed-in",
    confirm: CONFIRM,
    async before(at) {
      await mustConfirm((await mine(db, at)).context, at);
    },
    async run({ db: tx, actor, now }, { kind, id }) {
      await tx.selectFrom("users").select("id").where("id", "=", actor.id).forUpdate().execute();
      const { user, context } = await mine(tx, { actor, now });
      const { kept, spare } = deps.factors.get(kind);
      if (!kept || spare || (await kept.forget(tx, user.id, id)) === 0) throw notFound("second factor");
      if ((await readyOf(context)).length > 0) return {};
      if ((await levelOf({ ...deps, db: tx }, user)) === "forced") {
        throw new Fault(
          "conflict",
          "A second factor is asked of you, and this is your last one. Set up another one first.",
        );
      }
      await forgetFactors(deps.factors, tx, user.id);
      return {};
    },
  });

  const renew = serve(schema.makeMyRecoveryCodes, {
    access: "signed-in",
    confirm: CONFIRM,
    async before(at) {
      const { context } = await mine(db, at);
      await mustConfirm(context, at);
      if ((await readyOf(context)).length === 0)
        throw new Fault("conflict", "Recovery codes stand in for a second factor. Set one up first.");
    },
    run: async ({ db: tx, actor }) => ({ codes: await makeRecoveryCodes(tx, actor.id ?? "") }),
  });
  return [list, begin, finish, remove, renew];
}
