import type { z } from "zod";
import type { RuleRow, SubjectFacts } from "./access-rule.store.ts";
import { accessRuleKinds } from "./kinds/index.ts";
import type { Circumstances } from "./kinds/kind.ts";
import {
  type DecidingRule,
  type Readable,
  readRule,
  subjectOf,
  told,
  type WhyRefused,
  whyRefused,
} from "./rule-reading.ts";
import type { AccessAction, RuleStanding } from "./schema.ts";

type Standing = z.output<typeof RuleStanding>;

/** What the access rules say of a connection. */
export interface Verdict {
  /** Why not; null: nothing refuses it. */
  readonly refusal: { readonly rule: DecidingRule; readonly why: WhyRefused } | null;
  /** The rule that waits for a reviewer, unless it was approved. */
  readonly review: DecidingRule | null;
  /** The person is told. */
  readonly warnings: readonly DecidingRule[];
  /** The reviewers are told. */
  readonly notify: readonly DecidingRule[];
  /** All that decided, in order. */
  readonly deciding: readonly DecidingRule[];
  /** When the answer may change by the clock alone, in ms since 1970; null: no such moment. */
  readonly nextChange: number | null;
  /** How each rule stood to the question, in order. */
  readonly standings: readonly { readonly row: RuleRow; readonly standing: Standing }[];
}

/** The rules of an organization, ready to judge. */
export type Judge = (
  facts: SubjectFacts,
  ids: { readonly userId: string; readonly assetId: string },
  circumstances: Circumstances,
) => Verdict;

const connecting = () => accessRuleKinds.list().filter((kind) => kind.connecting);

/** The kinds that are asked before a session opens, in order. */
export const connectingKinds = (): string[] => connecting().map(({ kind }) => kind);

/**
 * `rows` in the order in which they are asked. Of each kind the first active rule decides that fits the person, the
 * asset, the account and the circumstances; the kinds are asked one after another until one refuses. None fits: it may
 * go on.
 */
export function createJudge(rows: readonly RuleRow[]): Judge {
  const asked = connecting().map((kind) => ({
    isUnknown: kind.connecting?.isUnknown ?? (() => false),
    rules: rows.filter((row) => row.kind === kind.kind).map((row) => ({ row, rule: readRule(row, kind) })),
  }));

  return (facts, ids, circumstances) => {
    const subject = subjectOf(facts, ids);
    const { approved = [] } = circumstances;
    const moments: number[] = [];
    const standings: { row: RuleRow; standing: Standing }[] = [];
    const deciding: DecidingRule[] = [];
    let refusal: Verdict["refusal"] = null;

    function standingOf(row: RuleRow, rule: Readable | null): Standing {
      if (!row.active) return "inactive";
      if (!rule) return "decides";
      const missed = rule.misses(subject);
      if (missed) return missed;
      const next = rule.nextChange(circumstances);
      if (next !== null) moments.push(next);
      return rule.applies(circumstances) ? "decides" : "circumstances";
    }

    for (const { isUnknown, rules } of asked) {
      let decided = refusal !== null;
      const unknown = isUnknown(circumstances);
      for (const { row, rule } of rules) {
        const standing = decided ? "not-asked" : unknown && row.active ? "decides" : standingOf(row, rule);
        standings.push({ row, standing });
        if (standing !== "decides") continue;
        decided = true;
        deciding.push(told(row));
        const why = unknown ? "unknown-method" : whyRefused(row, rule, approved);
        if (why) refusal = { rule: told(row), why };
      }
    }
    const acting = (action: AccessAction) => deciding.filter((rule) => rule.action === action);
    return {
      refusal,
      review: refusal ? null : (acting("review").find(({ id }) => !approved.includes(id)) ?? null),
      warnings: acting("warn"),
      notify: acting("notify"),
      deciding,
      nextChange: moments.length > 0 ? Math.min(...moments) : null,
      standings,
    };
  };
}
