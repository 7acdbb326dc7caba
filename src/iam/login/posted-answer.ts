import { Fault, type Registry } from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import type { AnswerBy, Backend } from "../backends/backend.ts";
import * as schema from "../schema.ts";
import { hashToken, newToken } from "./token.ts";

interface Deps {
  readonly db: Db;
  readonly sealer: Sealer;
}

/** What came on one way does not open as what came on another: anybody may post, and says what they like. */
const sealedAs = (by: AnswerBy, attemptId: string): string =>
  by === "post" ? `posted_answer:${attemptId}` : `shown_certificate:${attemptId}`;

const unknown = (): Fault =>
  new Fault(
    "unauthenticated",
    "No sign-in waits for this answer, or it came already. Begin again at the sign-in page.",
  );

/** Lets the attempt wait for an answer that comes without its cookie. */
export async function expectAnswer(db: Db, attemptId: string, relay: string): Promise<void> {
  await db
    .insertInto("posted_answer")
    .values({ attempt_id: attemptId, relay_hash: hashToken(relay) })
    .execute();
}

/**
 * The answer that came for the attempt, once. Fault `unauthenticated` unless the handle is the attempt's own: an answer
 * that somebody else's sign-in got is of no use here.
 */
export async function takeAnswer(
  { db, sealer }: Deps,
  { attemptId, handle, by }: { readonly attemptId: string; readonly handle: string; readonly by: AnswerBy },
): Promise<string> {
  const row = await db
    .deleteFrom("posted_answer")
    .where("attempt_id", "=", attemptId)
    .where("handle_hash", "=", hashToken(handle))
    .returning("answer")
    .executeTakeFirst();
  if (!row?.answer) throw unknown();
  return sealer.open(row.answer, sealedAs(by, attemptId)).toString();
}

/**
 * Keeps an answer for the attempt that waits for it and returns its handle. Fault `unauthenticated` when none waits, or
 * when its backend's answers come on another way.
 */
export async function keepAnswer(
  { db, sealer, backends }: Deps & { readonly backends: Registry<Backend> },
  came: { readonly backendId: string; readonly relay: string; readonly answer: string; readonly by: AnswerBy },
): Promise<{ handle: string }> {
  const waiting = await db
    .selectFrom("posted_answer as p")
    .innerJoin("sign_in_attempt as a", "a.id", "p.attempt_id")
    .innerJoin("sign_in_backend as b", "b.id", "a.backend_id")
    .select(["p.attempt_id as id", "b.kind"])
    .where("p.relay_hash", "=", hashToken(came.relay))
    .where("p.answer", "is", null)
    .where("a.backend_id", "=", came.backendId)
    .where("a.expires_at", ">", new Date())
    .forUpdate("p")
    .executeTakeFirst();
  const entry = backends.list().find(({ kind }) => kind === waiting?.kind);
  if (!waiting || entry?.flow !== "redirect" || entry.answers !== came.by) throw unknown();
  const { token: handle, hash } = newToken();
  await db
    .updateTable("posted_answer")
    .set({ handle_hash: hash, answer: sealer.seal(came.answer, sealedAs(came.by, waiting.id)) })
    .where("attempt_id", "=", waiting.id)
    .execute();
  return { handle };
}

/** Takes what a provider lets the browser post. No cookie counts: it proves nothing, and whoever fetches it is asked. */
export const postedAnswerActions = (deps: { readonly sealer: Sealer; readonly backends: Registry<Backend> }) => [
  serve(schema.postAnswer, {
    access: "anonymous",
    run: ({ db }, came) => keepAnswer({ ...deps, db }, { ...came, by: "post" }),
  }),
];
