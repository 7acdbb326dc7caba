import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { type RuleSubject, rulesOf, subjectFacts } from "./access-rule.store.ts";
import { connectingKinds, createJudge, type Judge, type Verdict } from "./judging.ts";
import type { Circumstances } from "./kinds/kind.ts";
import type { DecidingRule } from "./rule-reading.ts";
import type { CONNECT_METHODS } from "./schema/settings.ts";

/** A connection that the access rules judge, after the permission rules allowed it. */
export interface Connecting extends RuleSubject, Omit<Circumstances, "now"> {}

const METHODS: Readonly<Record<string, (typeof CONNECT_METHODS)[number]>> = {
  console: "web-terminal",
  ssh: "ssh-client",
  // An API key opens terminals of the same kind as the console does.
  api: "web-terminal",
};

/** The way to connect of somebody who acts by that door; one that no rule can name is refused where such rules are. */
export const methodOf = (via: string): string => METHODS[via] ?? via;

const SILENT: Verdict = {
  refusal: null,
  review: null,
  warnings: [],
  notify: [],
  deciding: [],
  nextChange: null,
  standings: [],
};

/**
 * What the access rules say of each connection, in order; null where there are rules and person, asset or account are
 * gone. Two queries, however many; one where there are no rules.
 */
export async function judgeConnections(
  db: Db,
  connections: readonly Connecting[],
  now: Date,
): Promise<(Verdict | null)[]> {
  if (connections.length === 0) return [];
  const rows = await rulesOf(db, [...new Set(connections.map(({ orgId }) => orgId))], connectingKinds());
  const judges = new Map<string, Judge>();
  for (const orgId of new Set(rows.map((row) => row.org_id)))
    judges.set(orgId, createJudge(rows.filter((row) => row.org_id === orgId)));
  const ruled = connections.filter(({ orgId }) => judges.has(orgId));
  const facts = await subjectFacts(db, ruled);
  const known = new Map(ruled.map((connection, index) => [connection, facts[index] ?? null]));
  return connections.map((connection) => {
    const judge = judges.get(connection.orgId);
    if (!judge) return SILENT;
    const about = known.get(connection);
    return about ? judge(about, connection, { ...connection, now: now.getTime() }) : null;
  });
}

const listed = new Intl.ListFormat("en", { type: "disjunction" });

function whomToAsk({ reviewers }: DecidingRule): string {
  if (reviewers.length === 0) return "Ask an administrator of the organization.";
  const names = reviewers.slice(0, 3).map(({ name }) => name);
  return `Ask ${listed.format(reviewers.length > 3 ? [...names, "another reviewer"] : names)}.`;
}

const WHY = {
  reject: (name: string) => `The access rule "${name}" does not let you connect like this here and now.`,
  "no-reviewers": (name: string) =>
    `The access rule "${name}" asks for a reviewer, and nobody who could review is left.`,
  "unknown-method": (name: string) =>
    `The access rule "${name}" is about ways to connect, and yours is none that rules know. Use the console or an SSH client.`,
  unreadable: (name: string) =>
    `The access rule "${name}" cannot be read by this version, so it lets nobody in: it must be saved anew.`,
} as const;

/** What the person reads of a refusal; null: nothing refuses. */
export function refusalOf({ refusal, review }: Verdict): string | null {
  if (refusal) {
    const { rule, why } = refusal;
    return [WHY[why](rule.name), rule.notice, whomToAsk(rule)].filter(Boolean).join(" ");
  }
  if (!review) return null;
  const words = `The access rule "${review.name}" asks for a reviewer's approval, which this connection has not. Connect again to ask for it.`;
  return [words, review.notice, whomToAsk(review)].filter(Boolean).join(" ");
}

/** Fault `denied` that names the rule and whom to ask, unless the rules let it go on. */
export function mustPass(verdict: Verdict | null | undefined): void {
  const words = verdict
    ? refusalOf(verdict)
    : "The person, the asset or the account is gone. Look at your assets again.";
  if (words === null) return;
  const rule = verdict?.refusal?.rule ?? verdict?.review;
  throw new Fault("denied", words, rule ? { accessRule: { id: rule.id, name: rule.name } } : undefined);
}

/** What the person is told although nothing refuses. */
export const warningsOf = ({ warnings }: Verdict): string[] =>
  warnings.map(({ name, notice }) => notice || `The access rule "${name}" watches over this connection.`);
