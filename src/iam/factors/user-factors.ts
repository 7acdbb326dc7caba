import { z } from "zod";
import { type Actor, endpoint, Fault, LoginName, notFound, run, type Runtime, systemActor } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { revokeCertificates } from "../certificates/ssh-certificate.store.ts";
import { levelOf } from "../login/asks.ts";
import { type Candidate, candidateOf, findCandidate } from "../login/candidate.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import type { WayInDeps } from "../login/way-in.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import { visibleUser } from "../users/user.store.ts";
import type { FactorDeps } from "./factor.ts";
import { createFactors, type Factors } from "./index.ts";
import { factorsOf, forgetFactors } from "./kept-factors.ts";
import { factorsReset } from "./messages.ts";

const onMachine = endpoint({
  route: "POST /cli/user/reset-mfa",
  name: schema.resetUserFactors.name,
  title: "Take all second factors away from a user, on the machine",
  input: z.object({ loginName: LoginName }),
  output: z.object({ removed: z.number().int() }),
});

/** Takes away what the user has, and what already came of it: console sessions, SSH certificates, ways in that have begun, remembered proofs. */
async function reset(factors: Factors, db: Db, userId: string): Promise<number> {
  const removed = await forgetFactors(factors, db, userId);
  await db.deleteFrom("sign_in_attempt").where("user_id", "=", userId).execute();
  await revokeCertificates(db, userId);
  await endConsoleSessions(db, userId);
  return removed;
}

/** Other people's second factors, for administrators. */
export function userFactorActions(deps: WayInDeps) {
  async function visible(db: Db, actor: Actor, id: string): Promise<Candidate> {
    await visibleUser(db, actor, id);
    const user = await candidateOf(db, id);
    if (!user) throw notFound("user");
    return user;
  }

  const list = serve(schema.listUserFactors, {
    access: "granted",
    async run({ db, actor }, { id }) {
      const user = await visible(db, actor, id);
      return { ...(await factorsOf(deps.factors, db, id)), level: await levelOf({ ...deps, db }, user) };
    },
  });

  const resetOf = serve(schema.resetUserFactors, {
    access: "granted",
    confirm: { level: "password", minutes: 5 },
    async run({ db, actor, about }, { id }) {
      const user = await visible(db, actor, id);
      about({ kind: "user", id, name: user.loginName });
      if (actor.id === id)
        throw new Fault(
          "denied",
          "Nobody resets the own second factor. Remove it on your own page, or ask another administrator.",
        );
      await mustOutrank(db, actor, id);
      await mustHoldEverywhere(db, actor, id, schema.resetUserFactors.name);
      const removed = await reset(deps.factors, db, id);
      if (user.email && (await deps.platform.mailIsConfigured(db))) {
        const values = { loginName: user.loginName, by: actor.name };
        await deps.platform.notify(db, { to: { userId: id }, orgId: user.orgId, template: factorsReset, values });
      }
      return { removed };
    },
  });
  return [list, resetOf];
}

/**
 * The same on the machine, for the sole administrator who lost the device: whoever is root there holds the keys anyway.
 * `loginName` of any organization; how many things were removed. Fault `not_found`.
 */
export async function resetFactorsOnMachine(
  deps: FactorDeps & { readonly runtime: Runtime<Db> },
  loginName: string,
): Promise<number> {
  const factors = createFactors(deps);
  const action = serve(onMachine, {
    access: "granted",
    async run({ db, about, note }, input) {
      const user = await findCandidate(db, input.loginName);
      if (!user) throw new Fault("not_found", `There is no user "${input.loginName}" in any organization.`);
      about({ kind: "user", id: user.id, name: user.loginName });
      note({ onMachine: true });
      return { removed: await reset(factors, db, user.id) };
    },
  });
  const { removed } = await run(deps.runtime, action, { ...systemActor(null), via: "cli" }, { loginName });
  return removed;
}
