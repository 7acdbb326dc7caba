import { type Actor, Fault } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { answerIsRight } from "./answer-factor.ts";
import { countFailure, endAttempt, openAttempt, recall, remember } from "./attempt.ts";
import { confirmationOf, identitiesOf, voidConfirmation } from "./confirm.store.ts";
import { checkForm } from "./first-proof.ts";
import { type At, type Offer, offerOf, PASSWORD } from "./strongest-proof.ts";
import type { WayInDeps } from "./way-in.ts";

const wrong = (): Fault => new Fault("invalid", "That is not right. Try again.");

/** Proving anew, in the same console session, that it is still the same person. */
export function confirmActions(deps: WayInDeps) {
  const { db } = deps.database;

  const offerTo = (at: At): Promise<Offer> => offerOf({ ...deps, db }, at);

  function mustOffer({ ways }: Offer, kind: string): void {
    if (ways.some((way) => way.kind === kind)) return;
    throw new Fault("conflict", "This is not what you can confirm it with now. Begin again.");
  }

  /** Braked as every password is. */
  async function passwordIsRight({ user, loginName }: Offer, password: string, address: string | null) {
    try {
      const proof = await checkForm({ ...deps, db }, { loginName: loginName ?? "", password, address });
      if (proof.by === "password") return proof.user.id === user.id;
      return (await identitiesOf(db, user.id, proof)).size > 0;
    } catch (error) {
      if (error instanceof Fault && error.code === "unauthenticated") return false;
      throw error;
    }
  }

  const list = serve(schema.listConfirmWays, {
    access: "signed-in",
    async run({ actor, now }) {
      const { level, ways, providers } = await offerTo({ actor, now });
      return { level, ways: [...ways], providers: [...providers] };
    },
  });

  const begin = serve(schema.beginConfirm, {
    access: "signed-in",
    async before(at, { kind }) {
      const offer = await offerTo(at);
      mustOffer(offer, kind);
      const { shown, memory } =
        kind === PASSWORD ? { shown: {}, memory: null } : await deps.factors.get(kind).begin(offer.context);
      const sessionId = at.actor.signInId ?? "";
      await voidConfirmation(db, sessionId);
      const { id } = await openAttempt(db, at.actor, {
        userId: offer.user.id,
        proofs: [],
        purpose: "confirm",
      }).catch((error) => {
        if (violated(error) !== "session_proves_anew_once_at_a_time") throw error;
        throw new Fault("conflict", "You are asked elsewhere at the same moment. Try again.");
      });
      await remember({ ...deps, db }, id, { kind, memory });
      return shown;
    },
    run: async ({ prepared: shown }) => ({ shown }),
  });

  const confirm = serve(schema.confirm, {
    access: "signed-in",
    async before(at, { kind, answer }) {
      const offer = await offerTo(at);
      mustOffer(offer, kind);
      const id = await confirmationOf(db, at.actor.signInId ?? "");
      let taken: unknown = null;
      const memoryOf = async (): Promise<unknown> => {
        taken = await recall({ ...deps, db }, id);
        const { kind: begun, memory } = (taken ?? {}) as { kind?: string; memory?: unknown };
        return begun === kind ? memory : null;
      };
      const right =
        kind === PASSWORD
          ? await passwordIsRight(offer, answer, at.actor.address)
          : await answerIsRight(deps.factors.get(kind), offer.context, { answer, recall: memoryOf });
      if (right) return { id, level: offer.level };
      await countFailure(db, id);
      if (taken) await remember({ ...deps, db }, id, taken);
      throw wrong();
    },
    async run({ db: tx, actor, now, note, prepared: { id, level } }, { kind }) {
      await endAttempt(tx, id);
      await confirmSession(tx, actor, level === "second-factor" ? { second_factor_at: now } : { password_at: now });
      note({ kind, level });
      return {};
    },
  });
  return [list, begin, confirm];
}

/** Writes down in the console session when what was proved anew. */
async function confirmSession(db: Db, actor: Actor, proved: { password_at: Date } | { second_factor_at: Date }) {
  const done = await db
    .updateTable("console_session")
    .set(proved)
    .where("id", "=", actor.signInId)
    .where("user_id", "=", actor.id)
    .executeTakeFirst();
  if (done.numUpdatedRows !== 1n) throw new Fault("unauthenticated", "Sign in first.");
}
