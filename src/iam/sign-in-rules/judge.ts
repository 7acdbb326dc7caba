import { type Actor, comesFrom, createSelector, Fault, isWithinTimes } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { SIGN_IN_ATTRIBUTES, type SignInPreview } from "./schema.ts";
import { allRules, type PersonFacts, personFacts, readRule, type RuleRow } from "./sign-in-rule.store.ts";

type Standing = SignInPreview["rules"][number]["standing"];

/** What the sign-in rules say. */
export interface SignInVerdict {
  /** Why not, in words for the person; null: nothing refuses. */
  readonly refusal: string | null;
  /** The rule that decided; null: none fits, and so it goes on. */
  readonly rule: RuleRow | null;
  readonly standings: readonly { readonly row: RuleRow; readonly standing: Standing }[];
}

const SILENT: SignInVerdict = { refusal: null, rule: null, standings: [] };

/** From where and when somebody wants in. */
export interface Coming {
  readonly address: string | null;
  readonly now: Date;
}

/** The first active rule that fits the person, the address and the moment decides; none: it goes on. One query without rules. */
export async function judgeSignIn(db: Db, userId: string, coming: Coming): Promise<SignInVerdict> {
  const rows = await allRules(db);
  if (rows.length === 0) return SILENT;
  const person = await personFacts(db, userId);
  return person ? judge(rows, person, coming) : { ...SILENT, refusal: "This user is gone. Ask an administrator." };
}

function judge(rows: readonly RuleRow[], person: PersonFacts, { address, now }: Coming): SignInVerdict {
  const { id, sources: source, ...rest } = person;
  const thing = { id, attributes: { ...rest, source } };
  let rule: RuleRow | null = null;
  const standings = rows.map((row) => {
    if (rule) return { row, standing: "not-asked" as const };
    const standing = standingOf(row);
    if (standing === "decides") rule = row;
    return { row, standing };
  });

  function standingOf(row: RuleRow): Standing {
    if (!row.active) return "inactive";
    const rule = readRule(row);
    // Nobody knows whom it means: it is asked, and refuses.
    if (!rule) return "decides";
    if (!createSelector(SIGN_IN_ATTRIBUTES, rule.users)(thing)) return "users";
    const { times } = rule;
    const fits = comesFrom(row.addresses, address) && (times === null || isWithinTimes(times, now.getTime()));
    return fits ? "decides" : "circumstances";
  }

  return { rule, standings, refusal: rule ? refusalOf(rule) : null };
}

/** To whoever proved only a part yet, nobody is named. */
function refusalOf(row: RuleRow): string | null {
  const words = (text: string): string => [text, row.notice || "Ask an administrator."].join(" ");
  if (!readRule(row))
    return words(`The sign-in rule "${row.name}" cannot be read by this version, so it lets nobody in.`);
  if (row.action === "reject")
    return words(`The sign-in rule "${row.name}" does not let you sign in like this here and now.`);
  if (row.action === "review")
    return words(`The sign-in rule "${row.name}" asks for a reviewer's approval, and approving is not possible yet.`);
  return null;
}

/** Fault `denied` when a sign-in rule keeps the user out now, from there. */
export async function mustBeLetIn(db: Db, userId: string, coming: Coming): Promise<SignInVerdict> {
  const verdict = await judgeSignIn(db, userId, coming);
  if (verdict.refusal === null) return verdict;
  throw new Fault("denied", verdict.refusal, verdict.rule ? { signInRule: verdict.rule.id } : undefined);
}

/** Fault `conflict` when whoever acts could not sign in any more, from where they are: after the change, before the commit. */
export async function mustNotKeepOutOneself(db: Db, actor: Actor, now: Date): Promise<void> {
  if (actor.kind === "system" || !actor.id) return;
  const { refusal, rule } = await judgeSignIn(db, actor.id, { address: actor.address, now });
  if (refusal === null) return;
  throw new Fault(
    "conflict",
    `With this change you could not sign in again yourself: the sign-in rule "${rule?.name ?? "?"}" would refuse you, now and from ${actor.address ?? "here"}. Let a rule that accepts you come before it, or narrow it.`,
  );
}

/** Whether the sign-in rules let the user in now, from there. */
export const mayComeIn = async (db: Db, userId: string, coming: Coming): Promise<boolean> =>
  (await judgeSignIn(db, userId, coming)).refusal === null;
