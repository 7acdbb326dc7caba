import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { type Facts, factsOf, type Subject } from "./decision.store.ts";
import { evaluate, type Rule } from "./evaluate.ts";
import type { GrantAction } from "./schema.ts";

/** What a person wants to do, with which account, over which protocol. */
export interface Request extends Subject {
  readonly protocol: string;
  readonly action: GrantAction;
}

/** The answer to one request. */
export interface Decision {
  readonly allowed: boolean;
  /** The rules that gave it. */
  readonly rules: readonly Pick<Rule, "id" | "name">[];
  /** When it has to be asked again, at the latest: the next start or end of a rule that matters. Null: no such moment. */
  readonly nextChange: Date | null;
}

const NO: Decision = { allowed: false, rules: [], nextChange: null };

/** May this person do this, with this account, over this protocol, now? One query for all requests, in their order. */
export async function decide(db: Db, requests: readonly Request[], now: Date): Promise<Decision[]> {
  const facts = await factsOf(db, requests, now);
  return requests.map((request, index) => decideOne(facts[index] ?? null, request, now));
}

function decideOne(facts: Facts | null, { protocol, action }: Request, now: Date): Decision {
  if (!facts?.protocols.includes(protocol)) return NO;
  const { accountName, loginName, rules } = facts;
  const answer = evaluate(rules, { accountName, loginName, protocol, now: now.getTime() });
  const giving = answer.actions.get(action) ?? [];
  return {
    allowed: giving.length > 0,
    rules: giving.map(({ id, name }) => ({ id, name })),
    nextChange: answer.nextChange === null ? null : new Date(answer.nextChange),
  };
}

/** The Fault of a request that no rule allows. It says the same whether the asset exists or not. */
export const notAllowed = (): Fault =>
  new Fault(
    "denied",
    "No permission rule lets you do this here and now. Ask an administrator of the organization for a rule.",
  );
