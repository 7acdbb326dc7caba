import { Fault, type Registry } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";
import type { Backend, FormBackend, OutsideIdentity } from "../backends/backend.ts";
import { activeBackends, bounded, callOf, type Configured } from "../backends/configured.ts";
import type { Platform } from "../../platform/index.ts";
import { noteWeakness } from "../passwords/policy.ts";
import { clearAttempts, countAttempt } from "./brake.ts";
import { type Candidate, findCandidate } from "./candidate.ts";
import { mayComeFrom } from "./networks.ts";
import { verifyPassword } from "./password.ts";

const refused = (): Fault =>
  new Fault("unauthenticated", "The name or the password is not right, or the user may not sign in.");

export interface Form {
  readonly loginName: string;
  readonly password: string;
  readonly address: string | null;
}

/** Name and local password, braked, in uniform time. Fault `unauthenticated` or `too_many`. */
export async function checkPassword(db: Db, proof: Form): Promise<Candidate> {
  await countAttempt(db, proof.loginName, proof.address);
  const user = await findCandidate(db, proof.loginName);
  const fits = await verifyPassword(proof.password, user?.passwordHash ?? null);
  if (!user || !fits || !user.mayEnter) throw refused();
  await clearAttempts(db, proof.loginName, proof.address);
  return user;
}

/** Who the form is about: a user by local password, or somebody a backend vouches for. */
export type FirstProof =
  | { readonly by: "password"; readonly user: Candidate }
  | { readonly by: "backend"; readonly backend: Configured; readonly outside: OutsideIdentity };

/**
 * Name and password against the local password, then against each form backend in order. Every try counts once, and
 * a backend that cannot tell is not a wrong password: its Fault is thrown when nobody else knows the person.
 */
export async function checkForm(
  deps: {
    readonly db: Db;
    readonly sealer: Sealer;
    readonly backends: Registry<Backend>;
    readonly platform: Pick<Platform, "settings">;
  },
  form: Form,
): Promise<FirstProof> {
  const { db } = deps;
  const isShared = await mayComeFrom(deps, form.address);
  await countAttempt(db, form.loginName, form.address, { isShared });
  const user = await findCandidate(db, form.loginName);
  const fits = await verifyPassword(form.password, user?.passwordHash ?? null);
  if (user && fits) {
    if (!user.mayEnter) throw refused();
    await clearAttempts(db, form.loginName, form.address);
    return { by: "password", user: { ...user, passwordIsWeak: await noteWeakness(deps, user, form.password) } };
  }
  const found = await askBackends(await activeBackends(deps, { flow: "form" }), form);
  if (!found) throw refused();
  await clearAttempts(db, form.loginName, form.address);
  return { by: "backend", ...found };
}

/** How a backend's word is written down among the proofs; never the name of a second factor. */
export const proofOf = ({ kind }: Configured): string => `backend:${kind}`;

/** All backends together. */
const PATIENCE_MS = 25_000;

async function askBackends(configured: readonly Configured[], form: Form) {
  let silent: Fault | undefined;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  for (const backend of configured) {
    try {
      const call = callOf(backend, undefined, patience);
      const asked = (backend.entry as FormBackend<unknown>).verify(call, form);
      const outside = await bounded(call, backend.name, asked);
      if (outside) return { backend, outside };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      silent ??= error;
    }
  }
  if (silent) throw silent;
  return null;
}
