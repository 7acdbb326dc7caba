import type { z } from "zod";
import { type Actor, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { decideOne } from "./decision.ts";
import { type Facts, factsOf } from "./decision.store.ts";
import { giversOf, lacksOf, type Question, type Stand, standOf, type Wish } from "./evaluate.ts";
import { type ConcernedRule, countSides, type Ends, endsOf, rulesConcerning } from "./explain.store.ts";
import * as schema from "./schema.ts";

type Asked = z.output<typeof schema.readExplanation.input>;
type Explanation = z.output<typeof schema.Explanation>;
type ExplainedRule = Explanation["rules"][number];

const RULES = 200;

/**
 * Why somebody may do something, or why not. The answer is `decide`'s own, and what each rule lacks is found by the
 * conditions by which it is decided.
 */
async function explain(db: Db, orgId: string, asked: Asked, now: Date): Promise<Explanation> {
  const { userId, assetId, action } = asked;
  const ends = await endsOf(db, { orgId, userId, assetId });
  if (!ends) throw notFound("user or asset");
  if (asked.accountId && !ends.accounts.some(({ id }) => id === asked.accountId)) throw notFound("account");
  const at = asked.at ? new Date(asked.at) : now;
  const protocol = asked.protocol ?? ends.asset.protocols[0] ?? "ssh";
  const aim = asked.host && asked.port ? { host: asked.host, port: asked.port } : undefined;
  const wish: Wish = { action, aim };
  const request = { protocol, action, ...(aim && { aim }) };

  const candidates = ends.accounts.filter(({ id }) => !asked.accountId || id === asked.accountId);
  const facts = await factsOf(
    db,
    candidates.map(({ id }) => ({ orgId, userId, assetId, accountId: id })),
    at,
  );
  const decisions = facts.map((known) => decideOne(known, request, at));
  const place = Math.max(
    0,
    decisions.findIndex(({ allowed }) => allowed),
  );
  const account = candidates[place] ?? null;
  const decision = decisions[place] ?? decideOne(null, request, at);
  const known = facts[place] ?? null;
  const question: Question = {
    accountName: account?.name ?? "",
    loginName: ends.person.loginName,
    protocol,
    now: at.getTime(),
  };
  const obstacles = obstaclesOf(ends, account, protocol);
  const concerned = await rulesConcerning(db, { orgId, userId, assetId, limit: RULES });
  const rules = explainRules(concerned, known, question, wish).map((rule) => ({
    ...rule,
    gives: rule.gives && decision.allowed,
  }));
  const moment = (date: Date | null) => date?.toISOString() ?? null;
  return {
    at: at.toISOString(),
    person: { id: ends.person.id, name: ends.person.name },
    asset: { id: ends.asset.id, name: ends.asset.name },
    account: account && { id: account.id, name: account.name },
    protocol,
    action,
    allowed: decision.allowed,
    until: moment(decision.until),
    nextChange: moment(decision.nextChange),
    obstacles,
    rules,
    change: decision.allowed || obstacles.length > 0 ? null : nearest(rules),
  };
}

function obstaclesOf({ person, asset }: Ends, account: Ends["accounts"][number] | null, protocol: string) {
  const found: [boolean, Explanation["obstacles"][number]][] = [
    [!person.active, "person-disabled"],
    [!asset.active, "asset-disabled"],
    [!account, "no-account"],
    [account !== null && !account.active, "account-disabled"],
    [!asset.protocols.includes(protocol), "protocol-missing"],
  ];
  return found.filter(([holds]) => holds).map(([, obstacle]) => obstacle);
}

function explainRules(
  concerned: readonly ConcernedRule[],
  known: Facts | null,
  question: Question,
  wish: Wish,
): ExplainedRule[] {
  const joined = concerned.filter(({ throughGroups, throughNodes }) => throughGroups && throughNodes);
  const stand = standOf(known?.rules ?? joined.map(({ rule }) => rule), question);
  const givers = new Set(giversOf(stand, wish).map(({ id }) => id));
  return concerned.map((one) => {
    const { rule, throughGroups, throughNodes } = one;
    return {
      id: rule.id,
      name: rule.name,
      throughGroups: throughGroups ? [...throughGroups] : null,
      throughNodes: throughNodes ? [...throughNodes] : null,
      gives: known !== null && givers.has(rule.id),
      lacks: lacksOfConcerned(one, stand, question, wish),
    };
  });
}

/** What one rule lacks by itself, and what others keep it from. */
function lacksOfConcerned(
  { rule, throughGroups, throughNodes }: ConcernedRule,
  { speaking, excluding }: Stand,
  question: Question,
  wish: Wish,
): ExplainedRule["lacks"] {
  const own: ExplainedRule["lacks"] = [
    ...(throughGroups ? [] : (["other-person"] as const)),
    ...(throughNodes ? [] : (["other-asset"] as const)),
    ...lacksOf(rule, question, wish),
  ];
  const against = excluding.filter(({ actions }) => actions.includes(wish.action));
  const speaks = speaking.length > 0 || rule.allProtocols || rule.protocols.includes(question.protocol);
  return [
    ...own,
    ...(speaks ? [] : (["other-protocol"] as const)),
    ...(against.some(({ id }) => id === rule.id) ? (["excludes"] as const) : []),
    ...(own.length === 0 && against.some(({ id }) => id !== rule.id) ? (["excluded"] as const) : []),
  ];
}

/** The rule whose change is the smallest: one that excludes what others would give, else the one that lacks least. */
function nearest(rules: readonly ExplainedRule[]): Explanation["change"] {
  const wouldGive = rules.some(({ lacks }) => lacks.every((lack) => lack === "excluded" || lack === "excludes"));
  const excluding = wouldGive ? rules.find(({ lacks }) => lacks.includes("excludes")) : undefined;
  const [least] = rules.toSorted((a, b) => a.lacks.length - b.lacks.length);
  const found = excluding ?? least;
  return found ? { id: found.id, name: found.name } : null;
}

const orgOf = (actor: Actor): string => actor.orgId ?? "";

export const explainActions = () => [
  serve(schema.readExplanation, {
    access: "granted",
    run: ({ db, actor, now }, asked) => explain(db, orgOf(actor), asked, now),
  }),
  serve(schema.previewGrant, {
    access: "granted",
    run: ({ db, actor }, sides) => countSides(db, orgOf(actor), sides),
  }),
];
