import type { Actor } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { callOf } from "../backends/configured.ts";
import * as schema from "../schema.ts";
import { backendMemoryOf } from "./console-session.ts";
import { elsewhere, redirectingBackend } from "./redirecting.ts";
import type { WayInDeps } from "./way-in.ts";

/** A provider that does not answer keeps nobody signed in here. */
const PATIENCE_MS = 3_000;

/** Ends the console session, and tells where the browser goes to end the one at the provider. */
export function signOutActions(deps: WayInDeps) {
  const { db } = deps.database;

  async function wayOut(actor: Actor): Promise<string | null> {
    const kept = actor.signInId ? await backendMemoryOf({ ...deps, db }, actor.signInId) : null;
    if (!kept || !actor.origin) return null;
    const backend = await redirectingBackend({ ...deps, db }, kept.backendId);
    const call = { ...callOf(backend), signal: AbortSignal.timeout(PATIENCE_MS) };
    const goTo = await backend.entry.signOut?.(call, { memory: kept.memory, returnTo: `${actor.origin}/` });
    return goTo ? elsewhere(goTo) : null;
  }

  return [
    serve(schema.signOut, {
      access: "signed-in",
      before: ({ actor }) => wayOut(actor).catch(() => null),
      async run({ db: tx, actor, prepared: goTo, note, deliver }) {
        if (actor.signInId) await tx.deleteFrom("console_session").where("id", "=", actor.signInId).execute();
        note({ atProvider: goTo !== null });
        deliver({ kind: "sign-out" });
        return { goTo };
      },
    }),
  ];
}
