import { GRANT_ACTIONS, type GrantAction } from "./schema.ts";

/** A permission rule as far as a decision needs it. Times in milliseconds since 1970. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly startsAt: number;
  readonly expiresAt: number | null;
  readonly allAccounts: boolean;
  readonly accountNames: readonly string[];
  readonly excludedNames: readonly string[];
  readonly virtualAccounts: readonly string[];
  readonly allProtocols: boolean;
  readonly protocols: readonly string[];
  readonly actions: readonly string[];
}

export interface Question {
  readonly accountName: string;
  /** The person's own login name. */
  readonly loginName: string;
  readonly protocol: string;
  readonly now: number;
}

export interface Answer {
  /** What may be done with the account over the protocol, each with the rules that give it. */
  readonly actions: ReadonlyMap<GrantAction, readonly Rule[]>;
  /** The next moment at which the answer may change by the clock alone; null: never. */
  readonly nextChange: number | null;
}

/** A rule that only excludes gives nothing: no account, and no protocol either. */
const gives = (rule: Rule): boolean => rule.allAccounts || rule.accountNames.length + rule.virtualAccounts.length > 0;

/** Whether all required sides of a rule's right half are filled; an exclusion alone fills the accounts' side. */
const isComplete = (rule: Rule): boolean =>
  (rule.allAccounts || rule.accountNames.length + rule.excludedNames.length + rule.virtualAccounts.length > 0) &&
  (rule.allProtocols || rule.protocols.length > 0) &&
  rule.actions.length > 0;

const inForce = (rule: Rule, now: number): boolean =>
  isComplete(rule) && rule.startsAt <= now && (rule.expiresAt === null || now < rule.expiresAt);

const covers = (rule: Rule, { accountName, loginName }: Question): boolean =>
  rule.allAccounts ||
  rule.accountNames.includes(accountName) ||
  (rule.virtualAccounts.includes("same_name") && accountName === loginName);

/**
 * The union of all rules that join this person to this asset, less the actions of a rule that excludes the account by
 * name. Protocols add up over the rules, too: they are not paired with accounts.
 */
export function evaluate(rules: readonly Rule[], question: Question): Answer {
  const { accountName, protocol, now } = question;
  const current = rules.filter((rule) => inForce(rule, now));
  const nextChange = nextBoundary(rules, now);
  const speaks = current.some((rule) => gives(rule) && (rule.allProtocols || rule.protocols.includes(protocol)));
  if (!speaks) return { actions: new Map(), nextChange };
  const excluded = new Set(
    current.filter((rule) => rule.excludedNames.includes(accountName)).flatMap((rule) => rule.actions),
  );
  const actions = new Map<GrantAction, readonly Rule[]>();
  for (const action of GRANT_ACTIONS) {
    const giving = current.filter((rule) => rule.actions.includes(action) && covers(rule, question));
    if (giving.length > 0 && !excluded.has(action)) actions.set(action, giving);
  }
  return { actions, nextChange };
}

function nextBoundary(rules: readonly Rule[], now: number): number | null {
  const ahead = rules.flatMap((rule) => [rule.startsAt, rule.expiresAt ?? 0]).filter((moment) => moment > now);
  return ahead.length > 0 ? Math.min(...ahead) : null;
}
