import { type Actor, type Confirmation, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { activeBackends } from "../backends/configured.ts";
import type { Factor, FactorContext } from "../factors/factor.ts";
import { type Candidate, candidateOf } from "./candidate.ts";
import { identitiesOf } from "./confirm.store.ts";
import { contextOf, type WayInDeps } from "./way-in.ts";

export const PASSWORD = "password";

export interface At {
  readonly actor: Actor;
  readonly now: Date;
}

/** How a person can prove anew that it is them: only the strongest level that they can reach is offered. */
export interface Offer {
  readonly user: Candidate;
  readonly context: FactorContext;
  readonly level: Confirmation["level"];
  readonly ways: readonly { readonly kind: string; readonly title: string }[];
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  /** What the password is asked under; null: there is none to ask for. */
  readonly loginName: string | null;
}

type Deps = WayInDeps & { readonly db: Db };

/** What the person of a console session can prove anew; Fault `denied` for whoever has none. */
export async function offerOf(deps: Deps, at: At): Promise<Offer> {
  const { db } = deps;
  const user = at.actor.signInId && at.actor.id ? await candidateOf(db, at.actor.id) : null;
  if (!user?.mayEnter) throw new Fault("denied", "Only somebody who signed in at the console can confirm that.");
  const context = contextOf(db, user, at.actor, at.now);
  const ready: Factor[] = [];
  for (const factor of deps.factors.list()) if (await factor.isReady(context)) ready.push(factor);
  const { loginName, providers } = await passwordOf(deps, user);
  const level = ready.length > 0 ? "second-factor" : loginName ? "password" : "sign-in";
  const ways = {
    "second-factor": ready.map(({ kind, title }) => ({ kind, title })),
    password: [{ kind: PASSWORD, title: "Password" }],
    "sign-in": [],
  }[level];
  return { user, context, level, ways, loginName, providers: level === "sign-in" ? providers : [] };
}

/** The name of the local password, or of the one at a backend with a form; else where they sign in again. */
async function passwordOf(deps: Deps, user: Candidate) {
  const linked = await identitiesOf(deps.db, user.id);
  const active = await activeBackends(deps);
  const at = (flow: string) => active.filter(({ id, entry }) => linked.has(id) && entry.flow === flow);
  const form = at("form")[0];
  const loginName = user.passwordHash ? user.loginName : form ? (linked.get(form.id) ?? null) : null;
  return { loginName, providers: at("redirect").map(({ id, name }) => ({ id, name })) };
}
