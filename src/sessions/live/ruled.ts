import { type Connecting, judgeConnections, refusalOf, type Request, type Standing } from "../../assets/index.ts";
import type { Db } from "../../db/index.ts";

/** A live session's request, with all that the access rules look at. */
export type RuledRequest = Request & Connecting;

/** How a live session stands with permission rules and access rules. */
export interface RuledStanding extends Standing {
  /** In whose words an access rule refuses it now; absent: none does. */
  readonly refusal?: string;
}

/** The sooner of two moments, of which either may never come. */
export function sooner(one: Date | null, other: number | null): Date | null {
  if (other === null) return one;
  return one === null || other < one.getTime() ? new Date(other) : one;
}

/**
 * The standings of live sessions with what the access rules say now: one that they refuse is over, in their words;
 * otherwise it is asked again when their times change. In order; queries as `judgeConnections`.
 */
export async function withAccessRules(
  db: Db,
  requests: readonly RuledRequest[],
  standings: readonly Standing[],
  now: Date,
): Promise<RuledStanding[]> {
  const verdicts = await judgeConnections(db, requests, now);
  return standings.map((standing, index) => {
    const verdict = verdicts[index];
    const goesOn = standing.allowed || standing.outlives !== null;
    if (!goesOn) return standing;
    // Person, asset or account went between the two questions.
    if (!verdict) return { ...standing, allowed: false, outlives: null, byClock: false };
    const refusal = refusalOf(verdict);
    if (refusal !== null) return { ...standing, allowed: false, outlives: null, byClock: false, refusal };
    return { ...standing, nextChange: sooner(standing.nextChange, verdict.nextChange) };
  });
}
