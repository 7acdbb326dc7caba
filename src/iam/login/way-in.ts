import { type Actor, Fault, type Registry } from "../../core/index.ts";
import type { Database, Db, Sealer } from "../../db/index.ts";
import type { Backend } from "../backends/backend.ts";
import type { Factor, FactorContext } from "../factors/factor.ts";
import type { Factors } from "../factors/index.ts";
import type { Platform } from "../../platform/index.ts";
import { newPasswordReason } from "../passwords/policy.ts";
import type { SignInStep } from "../schema.ts";
import { levelOf, limitsOf } from "./asks.ts";
import { type Attempt, endAttempt, keptForSignOut, openAttempt } from "./attempt.ts";
import { type Candidate, candidateOf } from "./candidate.ts";
import { keepBackendMemory, openConsoleSession } from "./console-session.ts";
import { mustBeLetIn } from "../sign-in-rules/judge.ts";
import { tellOfSignIn } from "../sign-in-rules/messages.ts";
import type { RuleRow } from "../sign-in-rules/sign-in-rule.store.ts";
import { mayComeFrom } from "./networks.ts";
import { me } from "./me.ts";
import { type Facts, type Next, nextStep } from "./step.ts";

/** What every part of the way in works with. */
export interface WayInDeps {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly platform: Pick<Platform, "settings" | "notify" | "mailIsConfigured">;
  readonly backends: Registry<Backend>;
  readonly factors: Factors;
  /** Where the certificate door listens; null: there is none. */
  readonly certificatePort: number | null;
}

/** Who is on the way in and what they proved; kept in a row for the console, in memory for SSH. */
export type Progress = Pick<Attempt, "proofs" | "backendId" | "returnTo"> & { readonly userId: string };

export const contextOf = (db: Db, user: Candidate, actor: Actor, now: Date): FactorContext => ({
  db,
  now,
  user,
  address: actor.address,
  origin: actor.origin ?? null,
});

/**
 * What comes next for the user; Fault `unauthenticated` when they may not enter at all, `denied` when their network or a
 * sign-in rule keeps them out. `rule`: the sign-in rule that decided.
 */
export async function comesNext(
  deps: WayInDeps & { readonly db: Db },
  user: Candidate,
  proofs: readonly string[],
  at: { readonly actor: Actor; readonly now: Date },
): Promise<Next & { readonly rule: RuleRow | null }> {
  if (!user.mayEnter) throw new Fault("unauthenticated", "This user may not sign in. Ask an administrator.");
  await mayComeFrom(deps, at.actor.address);
  const { rule } = await mustBeLetIn(deps.db, user.id, { address: at.actor.address, now: at.now });
  const context = contextOf(deps.db, user, at.actor, at.now);
  const factors: Facts["factors"][number][] = [];
  for (const factor of deps.factors.list()) {
    factors.push(await factsOf(factor, context));
  }
  const newPassword = proofs.includes("password") ? await newPasswordReason(deps, user, at.now) : null;
  return { ...nextStep({ proofs, level: await levelOf(deps, user), factors, newPassword }), rule };
}

async function factsOf(factor: Factor, context: FactorContext): Promise<Facts["factors"][number]> {
  const { kind, enrolment } = factor;
  if (await factor.isReady(context)) return { kind, ready: true, fallback: false, canEnrol: false };
  const fallback = (await factor.isFallback?.(context)) ?? false;
  return { kind, ready: false, fallback, canEnrol: !!enrolment && ((await enrolment.isOpen?.(context)) ?? true) };
}

/** The person as an actor. */
export const actorOf = (user: Candidate, from: Actor, signInId: string | null): Actor => ({
  kind: "person",
  id: user.id,
  name: user.name,
  orgId: user.orgId,
  address: from.address,
  via: from.via,
  permissions: new Set(user.permissions),
  signInId,
});

interface Telling {
  actAs(actor: Actor): void;
  about(target: { kind: string; id: string; name: string }): void;
  note(facts: Readonly<Record<string, unknown>>): void;
  deliver(delivery: { kind: "sign-in" | "attempt"; token: string; expiresAt: Date }): void;
}

/** Goes on as far as it can without asking: opens the console session, or says what is asked next. In a transaction. */
export async function goOn(
  deps: WayInDeps & { readonly db: Db },
  progress: Progress,
  at: { readonly actor: Actor; readonly now: Date; readonly tell: Telling },
): Promise<SignInStep> {
  const { db } = deps;
  const { actor, tell } = at;
  const user = await candidateOf(db, progress.userId);
  if (!user) throw new Fault("denied", "This user belongs to no organization. Ask an administrator to add it to one.");
  tell.about({ kind: "user", id: user.id, name: user.loginName });
  const next = await comesNext(deps, user, progress.proofs, at);
  tell.note({ step: next.step, proofs: progress.proofs });
  if (next.step === "done") {
    await tellOfSignIn(deps.platform, db, next.rule, user, { address: actor.address, now: at.now });
    return enter(deps, user, progress, at);
  }
  if (!actor.attemptId) {
    const { token, expiresAt } = await openAttempt(db, actor, progress);
    tell.deliver({ kind: "attempt", token, expiresAt });
  }
  return stepOf(deps.factors, next);
}

async function enter(
  deps: WayInDeps & { readonly db: Db },
  user: Candidate,
  { proofs, backendId, returnTo }: Progress,
  { actor, now, tell }: { readonly actor: Actor; readonly now: Date; readonly tell: Telling },
): Promise<SignInStep> {
  const { db } = deps;
  const backendMemory = actor.attemptId ? await keptForSignOut(deps, actor.attemptId) : null;
  if (actor.signInId) await db.deleteFrom("console_session").where("id", "=", actor.signInId).execute();
  if (actor.attemptId) await endAttempt(db, actor.attemptId);
  const session = await openConsoleSession(db, {
    userId: user.id,
    orgId: user.orgId,
    address: actor.address,
    agent: actor.agent ?? null,
    now,
    proofs,
    backendId,
    limits: await limitsOf(deps, user.id),
    typedPassword:
      proofs.includes("password") ||
      deps.backends.list().some((one) => one.flow === "form" && proofs.includes(`backend:${one.kind}`)),
  });
  if (backendMemory !== null) await keepBackendMemory(deps, session.id, backendMemory);
  await db.updateTable("users").set({ last_sign_in_at: now }).where("id", "=", user.id).execute();
  const person = actorOf(user, actor, session.id);
  tell.actAs(person);
  tell.deliver({ kind: "sign-in", token: session.token, expiresAt: session.expiresAt });
  return { step: "done", me: await me(db, person), returnTo };
}

/** A step as the console is told it. */
export function stepOf(factors: Factors, next: Exclude<Next, { step: "done" }>): SignInStep {
  if (next.step === "new-password") return { step: next.step, because: next.because };
  const offered = next.kinds.map((kind) => ({ kind, title: factors.get(kind).title }));
  return { step: next.step, factors: offered };
}
