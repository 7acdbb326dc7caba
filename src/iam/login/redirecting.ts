import { z } from "zod";
import { type Actor, type Delivery, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { Backend, Departure, RedirectBackend } from "../backends/backend.ts";
import { activeBackends, bounded, callOf, type Configured } from "../backends/configured.ts";
import { endAttempt, openAttempt, remember } from "./attempt.ts";
import { expectAnswer } from "./posted-answer.ts";
import type { WayInDeps } from "./way-in.ts";

export type Redirecting = Configured & { readonly entry: RedirectBackend<unknown> };

/** What an attempt keeps while the browser is away; `linkTo`: an identity is to be added to that user's session. */
export const Away = z.object({
  linkTo: z.object({ userId: z.string(), signInId: z.string() }).nullable(),
  memory: z.unknown(),
});
type LinkTo = z.output<typeof Away>["linkTo"];

/** Whether it needs the certificate door. */
export const asksForCertificates = (entry: Backend): boolean =>
  entry.flow === "redirect" && entry.answers === "certificate";

export const gone = (): Fault =>
  new Fault("not_found", "This way to sign in is not offered any more. Choose another one.");

/** The active backend that sends browsers away; Fault `not_found`. */
export async function redirectingBackend(deps: WayInDeps & { readonly db: Db }, id: string): Promise<Redirecting> {
  const [backend] = await activeBackends(deps, { flow: "redirect", id });
  if (!backend) throw gone();
  return backend as Redirecting;
}

/** Where a backend sends the browser back to: a page of the console, which hands the answer on. */
export const callbackOf = (origin: string | null | undefined, id: string): string => {
  if (!origin) throw new Fault("invalid", "This way to sign in needs a browser.");
  return `${origin}/sign-in/callback/${id}`;
};

/** Asks the backend where the browser goes; before any transaction. */
export async function depart(deps: WayInDeps & { readonly db: Db }, actor: Actor, id: string): Promise<Departure> {
  const backend = await redirectingBackend(deps, id);
  const call = callOf(backend);
  const { certificatePort } = deps;
  const asked = backend.entry.begin(call, { callback: callbackOf(actor.origin, id), certificatePort });
  const departure = await bounded(call, backend.name, asked);
  return { ...departure, location: elsewhere(departure.location) };
}

/** Writes down that the browser is away; the attempt is its only key to what comes back. */
export async function goAway(
  deps: WayInDeps & { readonly db: Db },
  departure: Departure,
  at: {
    readonly actor: Actor;
    readonly backendId: string;
    readonly returnTo: string | null;
    readonly linkTo: LinkTo;
    deliver(delivery: Delivery): void;
  },
): Promise<{ location: string }> {
  const { db } = deps;
  const { actor, backendId, returnTo, linkTo } = at;
  if (actor.attemptId) await endAttempt(db, actor.attemptId);
  const { id, token, expiresAt } = await openAttempt(db, actor, { userId: null, proofs: [], backendId, returnTo });
  await remember(deps, id, { linkTo, memory: departure.memory } satisfies z.input<typeof Away>);
  if (departure.relay) await expectAnswer(db, id, departure.relay);
  at.deliver({ kind: "attempt", token, expiresAt });
  return { location: departure.location };
}

/** The console goes wherever it is told: an address that a provider published must be no script. */
export function elsewhere(location: string): string {
  if (URL.canParse(location) && new URL(location).protocol === "https:") return location;
  throw new Fault("upstream", "The provider names an address that is not https. Ask an administrator to look at it.");
}
