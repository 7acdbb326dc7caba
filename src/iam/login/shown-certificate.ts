import { z } from "zod";
import { type Actor, endpoint, Fault, Id, run, type Runtime, secret } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import type { Shown as Waiting } from "../backends/certificate/shown.ts";
import { activeBackends } from "../backends/configured.ts";
import { ANONYMOUS } from "./anonymous.ts";
import { keepAnswer } from "./posted-answer.ts";
import { asksForCertificates } from "./redirecting.ts";
import type { WayInDeps } from "./way-in.ts";

/** What a handshake of the certificate door proved. */
export interface Shown {
  /** DER; null: the browser showed none. Its key was proved to be held. */
  readonly certificate: Buffer | null;
  /** Why the chain to the authorities of all backends does not hold, in OpenSSL's word; null: it holds. */
  readonly problem: string | null;
}

const MOST_BYTES = 16_384;

/** Kept out of the list of actions: only the certificate door, which saw the handshake, may say this. */
const showCertificate = endpoint({
  route: "POST /certificate-door/shown",
  name: "sign-in.certificate",
  title: "Take the certificate that a browser proved to hold",
  input: z.object({
    backendId: Id,
    relay: secret(z.string().min(1).max(200)),
    answer: secret(z.string().max(2 * MOST_BYTES)),
  }),
  output: z.object({ handle: secret(z.string()) }),
});

/** What the certificate door needs of identity. */
export function createCertificateTaking(deps: WayInDeps & { readonly runtime: Runtime<Db> }) {
  const { runtime, database } = deps;
  const show = serve(showCertificate, {
    access: "anonymous",
    run: ({ db }, came) => keepAnswer({ ...deps, db }, { ...came, by: "certificate" }),
  });
  return {
    /** The authorities (PEM) of all active backends, each once. */
    async authorities(): Promise<string[]> {
      const active = await activeBackends({ ...deps, db: database.db }, { flow: "redirect" });
      const all = active.flatMap(({ entry, settings }) =>
        entry.flow === "redirect" && asksForCertificates(entry) ? (entry.authorities?.(settings) ?? []) : [],
      );
      return [...new Set(all)];
    },

    /**
     * Keeps what a browser showed for the sign-in that waits for it, and returns the handle; null when none waits. Whose
     * it is, and whether it counts, is judged when that sign-in goes on.
     */
    async take(at: { backendId: string; relay: string; address: string; shown: Shown }): Promise<string | null> {
      const { backendId, relay, address, shown } = at;
      const guest: Actor = { ...ANONYMOUS, address, via: "console" };
      const { certificate, problem } = shown;
      const text = certificate && certificate.length <= MOST_BYTES ? certificate.toString("base64") : null;
      const answer = JSON.stringify({ certificate: text, problem } satisfies z.input<typeof Waiting>);
      try {
        return (await run(runtime, show, guest, { backendId, relay, answer })).handle;
      } catch (error) {
        if (error instanceof Fault && (error.code === "unauthenticated" || error.code === "invalid")) return null;
        throw error;
      }
    },
  };
}
