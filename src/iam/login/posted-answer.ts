import { Fault } from "../../core/index.ts";
import { type Db, type Sealer, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { hashToken, newToken } from "./token.ts";

interface Deps {
  readonly db: Db;
  readonly sealer: Sealer;
}

const sealedAs = (attemptId: string): string => `posted_answer:${attemptId}`;

const unknown = (): Fault =>
  new Fault(
    "unauthenticated",
    "No sign-in waits for this answer, or it came already. Begin again at the sign-in page.",
  );

/** Lets the attempt wait for an answer that the browser posts from the provider's site. */
export async function expectPost(db: Db, attemptId: string, relay: string): Promise<void> {
  await db
    .insertInto("posted_answer")
    .values({ attempt_id: attemptId, relay_hash: hashToken(relay) })
    .execute();
}

/**
 * The posted answer of the attempt, once. Fault `unauthenticated` unless the handle is the attempt's own: an answer that
 * somebody else's sign-in got is of no use here.
 */
export async function takePosted({ db, sealer }: Deps, attemptId: string, handle: string): Promise<string> {
  const row = await db
    .deleteFrom("posted_answer")
    .where("attempt_id", "=", attemptId)
    .where("handle_hash", "=", hashToken(handle))
    .returning("answer")
    .executeTakeFirst();
  if (!row?.answer) throw unknown();
  return sealer.open(row.answer, sealedAs(attemptId)).toString();
}

/** Takes what a provider lets the browser post. No cookie counts: it proves nothing, and whoever fetches it is asked. */
export const postedAnswerActions = ({ sealer }: { readonly sealer: Sealer }) => [
  serve(schema.postAnswer, {
    access: "anonymous",
    async run({ db }, { backendId, relay, answer }) {
      const waiting = await db
        .selectFrom("posted_answer as p")
        .innerJoin("sign_in_attempt as a", "a.id", "p.attempt_id")
        .select("p.attempt_id as id")
        .where("p.relay_hash", "=", hashToken(relay))
        .where("p.answer", "is", null)
        .where("a.backend_id", "=", backendId)
        .where("a.expires_at", ">", new Date())
        .forUpdate("p")
        .executeTakeFirst();
      if (!waiting) throw unknown();
      const { token: handle, hash } = newToken();
      await db
        .updateTable("posted_answer")
        .set({ handle_hash: hash, answer: sealer.seal(answer, sealedAs(waiting.id)) })
        .where("attempt_id", "=", waiting.id)
        .execute();
      return { handle };
    },
  }),
];
