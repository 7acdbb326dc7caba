import { type Aim, reaches } from "./reaches.ts";
import { type AtEnd, GRANT_ACTIONS, type GrantAction, type VirtualAccount } from "./schema.ts";

/** A permission rule as far as a decision needs it. Times in milliseconds since 1970. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly startsAt: number;
  readonly expiresAt: number | null;
  readonly allAccounts: boolean;
  readonly accountNames: readonly string[];
  readonly excludedNames: readonly string[];
  readonly virtualAccounts: readonly string[];
  readonly allProtocols: boolean;
  readonly protocols: readonly string[];
  readonly actions: readonly string[];
  readonly forwardTo: readonly string[];
  readonly atEnd: AtEnd["what"];
  readonly warnMinutes: number | null;
}

export interface Question {
  /** Of the stored account, or the name that is typed for a virtual one; empty: none is known yet. */
  readonly accountName: string;
  /** Absent: a stored account. */
  readonly virtual?: VirtualAccount | undefined;
  /** The person's own login name. */
  readonly loginName: string;
  readonly protocol: string;
  readonly now: number;
}

export interface Answer {
  /** What may be done with the account over the protocol, each with the rules that give it; `forward`: to some place. */
  readonly actions: ReadonlyMap<GrantAction, readonly Rule[]>;
  /** The next moment at which the answer may change by the clock alone; null: never. */
  readonly nextChange: number | null;
}

/** One action, and for `forward` where to: without an aim it is not allowed. "somewhere": to any place at all. */
export interface Wish {
  readonly action: GrantAction;
  readonly aim?: Aim | "somewhere" | undefined;
}

/** Why a rule that joins person and asset gives nothing, or not this. */
export type Lack =
  | "inactive"
  | "not-yet"
  | "expired"
  | "no-accounts"
  | "no-protocols"
  | "no-actions"
  | "only-excludes"
  | "other-account"
  | "other-action"
  | "other-destination";

/** A rule that only excludes gives nothing: no account, and no protocol either. */
const gives = (rule: Rule): boolean => rule.allAccounts || rule.accountNames.length + rule.virtualAccounts.length > 0;

/** What keeps a rule from being in force; an exclusion alone fills the accounts' side. */
const NOT_IN_FORCE: readonly (readonly [Lack, (rule: Rule, now: number) => boolean])[] = [
  ["inactive", (rule) => !rule.active],
  ["not-yet", (rule, now) => now < rule.startsAt],
  ["expired", (rule, now) => rule.expiresAt !== null && rule.expiresAt <= now],
  ["no-accounts", (rule) => !gives(rule) && rule.excludedNames.length === 0],
  ["no-protocols", (rule) => !rule.allProtocols && rule.protocols.length === 0],
  ["no-actions", (rule) => rule.actions.length === 0],
];

/** What keeps a rule in force from covering the account. */
const NOT_COVERING: readonly (readonly [Lack, (rule: Rule, question: Question) => boolean])[] = [
  ["only-excludes", (rule) => !gives(rule)],
  [
    "other-account",
    (rule, { accountName, loginName, virtual }) =>
      gives(rule) &&
      (virtual
        ? !rule.virtualAccounts.includes(virtual)
        : !rule.allAccounts &&
          !rule.accountNames.includes(accountName) &&
          !(rule.virtualAccounts.includes("same_name") && accountName === loginName)),
  ],
];

/** What keeps a rule that covers the account from giving what is wished. */
const NOT_GIVING: readonly (readonly [Lack, (rule: Rule, wish: Wish) => boolean])[] = [
  ["other-action", (rule, { action }) => !rule.actions.includes(action)],
  [
    "other-destination",
    (rule, { action, aim }) =>
      action === "forward" &&
      aim !== "somewhere" &&
      !(aim && rule.forwardTo.some((destination) => reaches(destination, aim))),
  ],
];

/** All that a rule, by itself, lacks for the wish. Empty: it gives it, where its protocol is spoken and nothing excludes. */
export const lacksOf = (rule: Rule, question: Question, wish: Wish): Lack[] => [
  ...NOT_IN_FORCE.filter(([, holds]) => holds(rule, question.now)).map(([lack]) => lack),
  ...NOT_COVERING.filter(([, holds]) => holds(rule, question)).map(([lack]) => lack),
  ...NOT_GIVING.filter(([, holds]) => holds(rule, wish)).map(([lack]) => lack),
];

/** The rules in force, sorted by what they do for the question. */
export interface Stand {
  /** Those that bring the protocol. Protocols add up over the rules: they are not paired with accounts. */
  readonly speaking: readonly Rule[];
  readonly covering: readonly Rule[];
  /** Those that exclude the account by name, for their own actions. */
  readonly excluding: readonly Rule[];
}

export function standOf(rules: readonly Rule[], question: Question): Stand {
  const current = rules.filter((rule) => !NOT_IN_FORCE.some(([, holds]) => holds(rule, question.now)));
  return {
    speaking: current.filter(
      (rule) => gives(rule) && (rule.allProtocols || rule.protocols.includes(question.protocol)),
    ),
    covering: current.filter((rule) => !NOT_COVERING.some(([, holds]) => holds(rule, question))),
    excluding: current.filter((rule) => rule.excludedNames.includes(question.accountName)),
  };
}

/** The rules that give the wish; none: it is not allowed. */
export function giversOf({ speaking, covering, excluding }: Stand, wish: Wish): readonly Rule[] {
  if (speaking.length === 0 || excluding.some((rule) => rule.actions.includes(wish.action))) return [];
  return covering.filter((rule) => !NOT_GIVING.some(([, holds]) => holds(rule, wish)));
}

/**
 * The union of all rules that join this person to this asset, less the actions of a rule that excludes the account by
 * name.
 */
export function evaluate(rules: readonly Rule[], question: Question): Answer {
  const stand = standOf(rules, question);
  const actions = new Map<GrantAction, readonly Rule[]>();
  for (const action of GRANT_ACTIONS) {
    const givers = giversOf(stand, { action, aim: "somewhere" });
    if (givers.length > 0) actions.set(action, givers);
  }
  return { actions, nextChange: boundaries(rules, question.now)[0] ?? null };
}

/** The starts and ends ahead, soonest first. */
export const boundaries = (rules: readonly Rule[], now: number): number[] => [
  ...new Set(
    rules
      .flatMap(({ startsAt, expiresAt }) => [startsAt, expiresAt ?? 0])
      .filter((moment) => moment > now)
      .toSorted((a, b) => a - b),
  ),
];

/** For what is allowed now: the first moment at which it is not any more by the clock alone; null: there is none. */
export const untilOf = (rules: readonly Rule[], question: Question, wish: Wish): number | null =>
  boundaries(rules, question.now).find(
    (moment) => giversOf(standOf(rules, { ...question, now: moment }), wish).length === 0,
  ) ?? null;
