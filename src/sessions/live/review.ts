import { type Actor, Fault, type Runtime } from "../../core/index.ts";
import { type Assets, decide, judgeConnections } from "../../assets/index.ts";
import type { Db } from "../../db/index.ts";
import type { RuledRequest } from "./ruled.ts";

const WAIT_MS = 5 * 60_000;

interface Waiting {
  readonly runtime: Runtime<Db>;
  readonly assets: Pick<Assets, "reviews">;
  /** How long a reviewer has, in ms; 300,000. */
  readonly reviewMs?: number | undefined;
}

interface Person {
  readonly actor: Actor;
  /** Tells the person. */
  notice(text: string): void;
  /** Resolves when the person's end is over. */
  readonly closed: Promise<unknown>;
}

/**
 * Where an access rule asks for a review, asks the reviewers and waits until one approves: the ids of the rules that
 * were approved, none where nothing has to be. Fault `denied` when it is rejected, or nobody could decide; `timeout` when
 * nobody did in time; `too_many` for who asks again at once. What the rules say afterwards is asked anew by who opens.
 */
export async function waitForReview(deps: Waiting, request: RuledRequest, person: Person): Promise<string[]> {
  const { runtime, reviewMs = WAIT_MS } = deps;
  const now = runtime.now();
  const [verdict] = await judgeConnections(runtime.db, [request], now);
  if (!verdict?.review) return [];
  const [decision] = await decide(runtime.db, [request], now);
  // Who opens the session refuses it, and writes that down.
  if (!decision?.allowed) return [];
  const rule = verdict.review;
  const { orgId } = request;
  const expiresAt = new Date(now.getTime() + reviewMs);
  const { reviews } = deps.assets;
  const { id, reviewers } = await runtime.transaction((db) =>
    reviews.ask(db, person.actor, { connecting: request, rule, expiresAt }),
  );
  const names = reviewers.slice(0, 5).map(({ name }) => name);
  const words = `The access rule "${rule.name}" asks for an approval. Asked: ${names.join(", ")}${reviewers.length > 5 ? " and others" : ""}.`;
  person.notice([words, rule.notice, `Waiting ${minutes(reviewMs)} at most.`].filter(Boolean).join(" "));

  const gone = new AbortController();
  void person.closed.then(() => gone.abort(new Fault("denied", "The person did not wait for the approval.")));
  const standing = await reviews
    .wait({ id, orgId }, { timeoutMs: reviewMs, signal: gone.signal })
    .catch(async (error) => {
      await runtime.transaction((db) => reviews.withdraw(db, { id, orgId }, person.actor));
      throw error;
    });
  if (standing.state === "approved") {
    person.notice(`Approved by ${standing.by?.name ?? "a reviewer"}.`);
    return [rule.id];
  }
  if (standing.state === "rejected") {
    const why = standing.comment ? `: ${standing.comment}` : ".";
    throw new Fault("denied", `${standing.by?.name ?? "A reviewer"} did not approve it${why}`);
  }
  if (standing.state === "pending")
    await runtime.transaction((db) => reviews.withdraw(db, { id, orgId }, person.actor));
  throw new Fault("timeout", "Nobody approved it in time. Call a reviewer, then connect again.");
}

const minutes = (ms: number): string =>
  ms >= 120_000 ? `${Math.round(ms / 60_000)} minutes` : `${Math.ceil(ms / 1000)} s`;
