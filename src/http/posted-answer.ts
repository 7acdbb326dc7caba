import type { FastifyInstance } from "fastify";
import { Fault, run } from "../core/index.ts";
import { postAnswer } from "../iam/schema.ts";
import { claimsOf, type MountDeps } from "./routes.ts";

const BODY_LIMIT = 256 << 10;
/** A handle that is nobody's: the console's page then says what is wrong. */
const NO_HANDLE = "none";

interface Params {
  readonly backendId: string;
}

/**
 * The one address that a page of another site may post a form to: where a SAML provider lets the browser bring its
 * answer. No cookie is read; the answer waits under a handle that only the browser which began can use.
 */
export function mountPostedAnswers(app: FastifyInstance, deps: MountDeps): void {
  const action = deps.actions.find(({ endpoint }) => endpoint === postAnswer);
  if (!action) return;
  void app.register(async (scope) => {
    const asText = { parseAs: "string", bodyLimit: BODY_LIMIT } as const;
    scope.addContentTypeParser("application/x-www-form-urlencoded", asText, (_request, body, done) => done(null, body));
    scope.post<{ Params: Params }>("/sign-in/callback/:backendId", async (request, reply) => {
      await deps.limitSignIns(request);
      const actor = await deps.identify({ ...claimsOf(request, deps.origin), token: null, attempt: null });
      const form = new URLSearchParams(typeof request.body === "string" ? request.body : "");
      const { backendId } = request.params;
      const input = { backendId, relay: form.get("RelayState") ?? "", answer: form.get("SAMLResponse") ?? "" };
      const handle = await run(deps.runtime, action, actor, input).then(
        (taken) => (taken as { handle: string }).handle,
        (error: unknown) => {
          if (error instanceof Fault && error.code === "unauthenticated") return NO_HANDLE;
          throw error;
        },
      );
      return reply.redirect(`/sign-in/callback/${encodeURIComponent(backendId)}?saml=${handle}`, 303);
    });
  });
}
