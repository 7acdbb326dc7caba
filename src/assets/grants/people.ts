import { setImmediate as turn } from "node:timers/promises";
import { type Actor, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { findAsset } from "../inventory/asset.store.ts";
import { accountSide } from "./decision.ts";
import { type Facts, factsOf } from "./decision.store.ts";
import { evaluate, type Question, type Rule } from "./evaluate.ts";
import { accountsOf, peopleNear } from "./people.store.ts";
import {
  type GrantAction,
  listAssetPeople,
  type ReachingAccount,
  type ReachingPerson,
  VirtualAccount,
} from "./schema.ts";

/** So often a page that exclusions made shorter is filled up; one that is still short has a cursor all the same. */
const ROUNDS = 5;
/** So many accounts of people are looked at a round: a page of an asset with many accounts is shorter. */
const MOST_LOOKED_AT = 2_000;

/**
 * Who may reach an asset, or one of its accounts: people in the order of their names, each with what every account lets
 * them do, by which rules and until when. The answer is the decision's own, asked for each person of the page.
 */
async function peopleOf(
  db: Db,
  actor: Actor,
  asked: {
    id: string;
    accountId?: string | undefined;
    search?: string | undefined;
    limit: number;
    cursor?: string | undefined;
  },
  now: Date,
): Promise<{ items: ReachingPerson[]; next: string | null }> {
  const orgId = actor.orgId ?? "";
  if (!(await findAsset(db, orgId, asked.id))) throw notFound("asset");
  const accounts = await accountsOf(db, orgId, asked.id, asked.accountId);
  // Whoever is asked about all that leads to the asset asks about typed accounts, too.
  const virtual = asked.accountId === undefined;
  const near = { orgId, assetId: asked.id, accountNames: accounts.map(({ name }) => name), virtual };
  const ids = [...accounts.map(({ id }) => id), ...(virtual ? [null] : [])];
  const items: ReachingPerson[] = [];
  let next = asked.cursor ?? null;
  for (let round = 0; round < ROUNDS && (round === 0 || next) && items.length < asked.limit; round++) {
    const limit = Math.min(asked.limit - items.length, Math.max(1, Math.floor(MOST_LOOKED_AT / ids.length)));
    const filter = { search: asked.search, limit, cursor: next ?? undefined };
    const found = await peopleNear(db, near, filter, now);
    const subjects = found.items.flatMap(({ id: userId }) =>
      ids.map((accountId) => ({ orgId, userId, assetId: asked.id, accountId })),
    );
    const facts = await factsOf(db, subjects, now);
    for (const [index, person] of found.items.entries()) {
      // Others get their turn between two people.
      await turn();
      const known = facts.slice(index * ids.length, (index + 1) * ids.length);
      const own = accounts.flatMap((account, place) => {
        const actions = actionsWithEnds(known[place] ?? null, now.getTime());
        return actions.length > 0 ? [{ ...account, actions }] : [];
      });
      const virtualAccounts = (virtual ? VirtualAccount.options : []).flatMap((kind) => {
        const actions = actionsWithEnds(known[accounts.length] ?? null, now.getTime(), kind);
        return actions.length > 0 ? [{ kind, actions }] : [];
      });
      if (own.length + virtualAccounts.length > 0) items.push({ ...person, accounts: own, virtualAccounts });
    }
    next = found.next;
  }
  return { items, next };
}

/** What a person may do with an account over any protocol of the asset, and when each ends by the clock alone. */
function actionsWithEnds(facts: Facts | null, now: number, kind?: VirtualAccount): ReachingAccount["actions"] {
  const side = facts && accountSide(facts, kind);
  if (!side) return [];
  const { actions, nextChange } = actionsAt(facts, side, now);
  const ends = new Map<GrantAction, number | null>([...actions.keys()].map((action) => [action, null]));
  const isOpen = (): boolean => [...ends.values()].includes(null);
  for (let moment = nextChange; moment !== null && isOpen(); ) {
    const later = actionsAt(facts, side, moment);
    for (const [action, end] of ends) if (end === null && !later.actions.has(action)) ends.set(action, moment);
    moment = later.nextChange;
  }
  return [...actions].map(([action, rules]) => {
    const end = ends.get(action) ?? null;
    const until = end === null ? null : new Date(end).toISOString();
    return { action, rules: rules.map(({ id, name }) => ({ id, name })), until };
  });
}

function actionsAt({ protocols, rules }: Facts, side: Omit<Question, "protocol" | "now">, now: number) {
  const answers = protocols.map((protocol) => evaluate(rules, { ...side, protocol, now }));
  const actions = new Map<GrantAction, readonly Rule[]>(answers.flatMap((answer) => [...answer.actions]));
  return { actions, nextChange: answers[0]?.nextChange ?? null };
}

export const peopleActions = () => [
  serve(listAssetPeople, { access: "granted", run: ({ db, actor, now }, input) => peopleOf(db, actor, input, now) }),
];
