import { Fault } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { activeBackends, backendOfId, bounded, callOf } from "../backends/configured.ts";
import { linkIdentity } from "../identities/link.ts";
import * as schema from "../schema.ts";
import { addProof, attemptOf, endAttempt, holdAttempt, keepForSignOut, recall, spend } from "./attempt.ts";
import { proofOf } from "./first-proof.ts";
import { me } from "./me.ts";
import { userOfIdentity } from "./outside.ts";
import { signInSettings } from "./settings.ts";
import { takeAnswer } from "./posted-answer.ts";
import { asksForCertificates, Away, callbackOf, depart, goAway, gone, redirectingBackend } from "./redirecting.ts";
import { goOn, type WayInDeps } from "./way-in.ts";

const LONGEST_MS = 24 * 60 * 60_000;
/** By which name the console hands on what came without the browser's cookie. */
const HANDLES = { post: "saml", certificate: "certificate" } as const;
const OWN_PAGE = "/me";

/** Signing in by being sent to somebody who knows the person, and back. */
export function redirectStepActions(deps: WayInDeps) {
  const { db } = deps.database;

  const list = serve(schema.listSignInWays, {
    access: "anonymous",
    async run({ db: reading }) {
      const active = await activeBackends({ ...deps, db: reading });
      const { passkeyAlone } = await deps.platform.settings.read(signInSettings, null, reading);
      const open = active.filter(({ entry }) => deps.certificatePort !== null || !asksForCertificates(entry));
      return {
        ways: open.map(({ id, kind, name, entry }) => ({ id, kind, name, flow: entry.flow })),
        passkeys: passkeyAlone,
      };
    },
  });

  const begin = serve(schema.beginRedirect, {
    access: "anonymous",
    before: ({ actor }, { backendId }) => depart({ ...deps, db }, actor, backendId),
    run: ({ db: tx, actor, prepared, deliver }, { backendId, returnTo = null }) =>
      goAway({ ...deps, db: tx }, prepared, { actor, backendId, returnTo, linkTo: null, deliver }),
  });

  const finish = serve(schema.finishRedirect, {
    access: "anonymous",
    async before({ actor, now }, { backendId, answer }) {
      const attempt = await attemptOf(db, actor);
      if (attempt.backendId !== backendId || attempt.userId) throw gone();
      const backend = await redirectingBackend({ ...deps, db }, backendId);
      const away = Away.nullable().parse(await recall({ ...deps, db }, attempt.id));
      if (away === null) throw new Fault("unauthenticated", "This answer was used already. Sign in again.");
      const { linkTo, memory } = away;
      if (linkTo && (linkTo.userId !== actor.id || linkTo.signInId !== actor.signInId)) {
        throw new Fault("unauthenticated", "You are not signed in as you were when you began. Begin again.");
      }
      const { posted: _, ...came } = answer;
      const by = backend.entry.answers;
      const handle = by && answer[HANDLES[by]];
      const posted = handle ? await takeAnswer({ ...deps, db }, { attemptId: attempt.id, handle, by }) : null;
      const call = callOf(backend);
      const asked = backend.entry.finish(call, {
        callback: callbackOf(actor.origin, backendId),
        answer: posted === null ? came : { ...came, posted },
        memory,
        spend: (proof, until) =>
          spend(db, backendId, proof, new Date(Math.min(until.getTime(), now.getTime() + LONGEST_MS))),
      });
      const outside = await bounded(call, backend.name, asked);
      return { attempt, backend, outside, linkTo };
    },
    async run({ db: tx, actor, now, prepared: { attempt, backend, outside, linkTo }, ...tell }) {
      if (linkTo) {
        await holdAttempt(tx, attempt.id);
        const user = { id: linkTo.userId, name: actor.name };
        tell.about({ kind: "user", ...user });
        tell.note({ linked: backend.name });
        await linkIdentity(tx, { backendId: backend.id, userId: user.id, outside, now });
        await endAttempt(tx, attempt.id);
        return { step: "done" as const, me: await me(tx, actor), returnTo: OWN_PAGE };
      }
      const userId = await userOfIdentity(tx, backend, outside);
      const proofs = await addProof(tx, attempt.id, proofOf(backend), userId);
      await keepForSignOut({ ...deps, db: tx }, attempt.id, outside.memory);
      return goOn({ ...deps, db: tx }, { ...attempt, userId, proofs }, { actor, now, tell });
    },
  });

  const metadata = serve(schema.readProviderMetadata, {
    access: "anonymous",
    async run({ db: reading, actor, deliver }, { backendId }) {
      const backend = await backendOfId({ ...deps, db: reading }, backendId);
      if (backend?.entry.flow !== "redirect") throw gone();
      const xml = await backend.entry.metadata?.(callOf(backend), { callback: callbackOf(actor.origin, backendId) });
      if (xml === undefined) throw gone();
      const body = (async function* () {
        yield Buffer.from(xml);
      })();
      deliver({ kind: "download", fileName: "sallyport.xml", mediaType: "application/samlmetadata+xml", body });
      return {};
    },
  });
  return [list, begin, finish, metadata];
}
