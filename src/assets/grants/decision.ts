import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { type Facts, factsOf, type Subject } from "./decision.store.ts";
import { boundaries, giversOf, type Question, type Rule, standOf, untilOf } from "./evaluate.ts";
import { type Gave, gaveOf, type Standing, standingOf } from "./outlive.ts";
import type { Aim } from "./reaches.ts";
import type { GrantAction, VirtualAccount } from "./schema.ts";

/** What a person wants to do, with which account, over which protocol; `forward` needs an aim. */
export interface Request extends Subject {
  readonly protocol: string;
  readonly action: GrantAction;
  readonly aim?: Aim;
}

/** The same without a stored account. */
export interface VirtualRequest extends Omit<Request, "accountId"> {
  readonly virtual: VirtualAccount;
  /** The user name that is typed for `manual`: an excluded one is denied. Absent: it is not known yet. */
  readonly typed?: string;
}

/** The answer to one request. */
export interface Decision {
  readonly allowed: boolean;
  /** The rules that gave it. */
  readonly rules: readonly Pick<Rule, "id" | "name">[];
  /** The first moment at which the answer becomes no by the clock alone, whichever rules join in; null: none. */
  readonly until: Date | null;
  /** When it has to be asked again, at the latest: the next start or end of a rule that matters. Null: no such moment. */
  readonly nextChange: Date | null;
  /** For a session that begins with this answer to remember. */
  readonly gave: Gave;
}

const NO: Decision = { allowed: false, rules: [], until: null, nextChange: null, gave: new Map() };

/** May this person do this, with this account, over this protocol, now? One query for all requests, in their order. */
export async function decide(db: Db, requests: readonly (Request | VirtualRequest)[], now: Date): Promise<Decision[]> {
  const subjects = requests.map((request) => ("virtual" in request ? { ...request, accountId: null } : request));
  const facts = await factsOf(db, subjects, now);
  return requests.map((request, index) => decideOne(facts[index] ?? null, request, now));
}

const moment = (at: number | null | undefined): Date | null => (at === null || at === undefined ? null : new Date(at));

/**
 * The account's side of a question. Null: there is no such virtual account here. The same name is a stored account where
 * the asset has one, and no protocol of this version opens without credentials, as `anonymous` needs it.
 */
export function accountSide(
  { accountName, loginName, storesOwn }: Facts,
  virtual?: VirtualAccount,
  typed = "",
): Omit<Question, "protocol" | "now"> | null {
  if (!virtual) return { accountName, loginName };
  if (virtual === "anonymous" || (virtual === "same_name" && storesOwn)) return null;
  return { accountName: virtual === "same_name" ? loginName : typed, loginName, virtual };
}

type Asked = Pick<Request, "protocol" | "action" | "aim"> & Partial<Pick<VirtualRequest, "virtual" | "typed">>;

/** The decision from what is true of the subject; null: person, membership, asset or account is missing or not active. */
export function decideOne(facts: Facts | null, { protocol, action, aim, virtual, typed }: Asked, now: Date): Decision {
  const side = facts?.protocols.includes(protocol) ? accountSide(facts, virtual, typed) : null;
  if (!facts || !side) return NO;
  const { rules } = facts;
  const question = { ...side, protocol, now: now.getTime() };
  const wish = { action, aim };
  const stand = standOf(rules, question);
  const givers = giversOf(stand, wish);
  const allowed = givers.length > 0;
  return {
    allowed,
    rules: givers.map(({ id, name }) => ({ id, name })),
    until: moment(allowed ? untilOf(rules, question, wish) : null),
    nextChange: moment(boundaries(rules, question.now)[0]),
    gave: allowed ? gaveOf(rules, stand, wish) : NO.gave,
  };
}

/** A live session's request, and what the session remembers. */
export interface LiveRequest extends Request {
  readonly gave: Gave;
}

const OVER: Standing = { allowed: false, outlives: null, byClock: false, gave: new Map(), nextChange: null };

/** How live sessions stand with the rules now. One query for all, in their order. */
export async function standings(db: Db, requests: readonly LiveRequest[], now: Date): Promise<Standing[]> {
  // Rules that ended since are among the facts only as of before they did.
  const earliest = requests
    .flatMap(({ gave }) => [...gave.values()])
    .reduce((least, end) => Math.min(least, end - 1), now.getTime());
  const since = new Date(earliest);
  const facts = await factsOf(db, requests, since);
  return requests.map(({ protocol, action, aim, gave }, index) => {
    const known = facts[index];
    if (!known?.protocols.includes(protocol)) return OVER;
    const { accountName, loginName, rules } = known;
    const question = { accountName, loginName, protocol, now: now.getTime() };
    return standingOf(rules, question, { action, aim }, gave);
  });
}

/** The Fault of a request that no rule allows. It says the same whether the asset exists or not. */
export const notAllowed = (): Fault =>
  new Fault(
    "denied",
    "No permission rule lets you do this here and now. Ask an administrator of the organization for a rule.",
  );
