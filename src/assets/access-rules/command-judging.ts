import type { Db } from "../../db/index.ts";
import { type RuleRow, type RuleSubject, rulesOf, subjectFacts } from "./access-rule.store.ts";
import { type Commands, createCommandFilter } from "./command-line.ts";
import { command } from "./kinds/command.ts";
import { type DecidingRule, readRule, subjectOf, told, whyRefused } from "./rule-reading.ts";
import { CommandSettings } from "./schema/settings.ts";

/** What the command rules say of a line. */
export interface CommandVerdict {
  /** The rule that decides; null: none fits. */
  readonly rule: DecidingRule | null;
  /** What of its groups was found; null where the rule cannot be read. */
  readonly found: string | null;
  /** Whether it refuses: reject, a review without reviewers, or a rule that nobody can read. */
  readonly refused: boolean;
}

/** Judges lines that a person types with an account: pure, and to be made once for a session. */
export type CommandJudge = (line: string) => CommandVerdict;

/** The command rules that mean this person, asset and account, in order; null when one of them is gone. */
export async function commandJudge(db: Db, subject: RuleSubject): Promise<CommandJudge | null> {
  const rows = await rulesOf(db, [subject.orgId], [command.kind]);
  const [facts] = await subjectFacts(db, [subject]);
  if (!facts) return null;
  const groups = await db
    .selectFrom("command_group")
    .select(["id", "commands", "patterns", "ignore_case as ignoreCase"])
    .where("org_id", "=", subject.orgId)
    .execute();
  return createCommandJudge(rows, groups, subjectOf(facts, subject));
}

function createCommandJudge(
  rows: readonly RuleRow[],
  groups: readonly (Commands & { readonly id: string })[],
  subject: ReturnType<typeof subjectOf>,
): CommandJudge {
  const filters = new Map(groups.map((group) => [group.id, createCommandFilter(group)]));
  const asked = rows
    .filter((row) => row.active)
    .map((row) => ({ row, rule: readRule(row, command) }))
    .filter(({ rule }) => rule === null || rule.misses(subject) === null);
  return (line) => {
    for (const { row, rule } of asked) {
      if (!rule) return { rule: told(row), found: null, refused: true };
      const { groupIds } = CommandSettings.parse(rule.settings);
      for (const id of groupIds) {
        const found = filters.get(id)?.(line) ?? null;
        if (found !== null) return { rule: told(row), found, refused: whyRefused(row, rule) !== null };
      }
    }
    return { rule: null, found: null, refused: false };
  };
}
