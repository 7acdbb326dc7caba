import { boundaries, giversOf, type Question, type Rule, type Stand, standOf, untilOf, type Wish } from "./evaluate.ts";

/**
 * What a live session remembers: the rules that gave it and have an end, each with that end (ms since 1970) as it was
 * when the session was last allowed. Whoever moves a rule's end into the past revokes it: it did not end by the clock.
 */
export type Gave = ReadonlyMap<string, number>;

/** How a live session stands with the rules. */
export interface Standing {
  /** Whether rules in force give it. */
  readonly allowed: boolean;
  /** Null: allowed, or over. Else rules that ended by the clock let it go on: until then, or (null) to its own end. */
  readonly outlives: { readonly until: Date | null } | null;
  /** For what is over: whether the clock ended it, and no change of a rule, a person or an asset. */
  readonly byClock: boolean;
  readonly gave: Gave;
  /** When to ask again, at the latest. */
  readonly nextChange: Date | null;
}

const MINUTE = 60_000;

/** A rule that ended as it was foreseen covers the sessions it gave for as long as it says; it excludes nothing more. */
function prolonged(rule: Rule, gave: Gave, now: number, endless = false): Rule {
  const { expiresAt, atEnd, warnMinutes } = rule;
  if (expiresAt === null || expiresAt > now || gave.get(rule.id) !== expiresAt) return rule;
  if (endless || atEnd === "keep") return { ...rule, expiresAt: null, excludedNames: [] };
  return { ...rule, expiresAt: expiresAt + (atEnd === "warn" ? (warnMinutes ?? 0) * MINUTE : 0), excludedNames: [] };
}

/**
 * How a live session stands. Every rule that gave it and ended by the clock has its own word, as long as it is still
 * there and still joins person and asset: together the most lenient counts. What is needed of two rules (the account by
 * one, the protocol by another) lasts as long as both.
 */
export function standingOf(rules: readonly Rule[], question: Question, wish: Wish, gave: Gave): Standing {
  const { now } = question;
  const allowed = giversOf(standOf(rules, question), wish).length > 0;
  const extended = rules.map((rule) => prolonged(rule, gave, now));
  const endless = rules.map((rule) => prolonged(rule, gave, now, true));
  const stand = standOf(extended, question);
  const goesOn = giversOf(stand, wish).length > 0;
  const until = allowed || !goesOn ? null : untilOf(extended, question, wish);
  const [next] = boundaries([...rules, ...extended], now);
  return {
    allowed,
    outlives: allowed || !goesOn ? null : { until: until === null ? null : new Date(until) },
    byClock: !goesOn && giversOf(standOf(endless, question), wish).length > 0,
    gave: goesOn ? gaveOf(rules, stand, wish) : new Map(),
    nextChange: next === undefined ? null : new Date(next),
  };
}

/** The rules of the stand that give the wish or bring its protocol, with their true ends. */
export function gaveOf(rules: readonly Rule[], stand: Stand, wish: Wish): Gave {
  const counting = new Set([...giversOf(stand, wish), ...stand.speaking].map(({ id }) => id));
  return new Map(
    rules.flatMap(({ id, expiresAt }) => (expiresAt !== null && counting.has(id) ? [[id, expiresAt] as const] : [])),
  );
}
