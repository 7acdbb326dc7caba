import type { TFunction } from "i18next";
import type { Grant, GrantAction } from "../../../../src/assets/schema.ts";

/** Names on one side of a rule; null where a name is not known. */
type SideNames = readonly (string | null)[];

/** A rule as the summary sees it: the names on each side, and the rest as it is stored. */
export interface RuleShape {
  readonly people: SideNames;
  readonly groups: SideNames;
  readonly assets: SideNames;
  readonly nodes: SideNames;
  readonly accounts: Grant["accounts"];
  readonly protocols: Grant["protocols"];
  readonly actions: readonly GrantAction[];
  readonly forwardTo: readonly string[];
  readonly active: boolean;
  readonly startsAt: string | null;
  readonly expiresAt: string | null;
  /** Null: as the organization's settings say. */
  readonly atEnd: Grant["atEnd"] | null;
}

/** A stored rule as the summary sees it. */
export const shapeOfGrant = (grant: Grant): RuleShape => ({
  ...grant,
  people: grant.users.map(({ name }) => name),
  groups: grant.groups.map(({ name }) => name),
  assets: grant.assets.map(({ name }) => name),
  nodes: grant.nodes.map(({ name }) => name),
});

/** What stands in the rule's form as the summary sees it; `nameOf` gives the name of an id where it is known. */
export function shapeOfForm(
  values: Readonly<Record<string, unknown>>,
  nameOf: (id: string) => string | null,
): RuleShape {
  const { userIds, groupIds, assetIds, nodeIds, accounts, protocols, actions, active, startsAt, expiresAt } = values;
  const { forwardTo, atEnd } = values;
  const names = (ids: unknown) => (Array.isArray(ids) ? ids.map((id) => nameOf(String(id))) : []);
  return {
    people: names(userIds),
    groups: names(groupIds),
    assets: names(assetIds),
    nodes: names(nodeIds),
    accounts: accounts as Grant["accounts"],
    protocols: protocols as Grant["protocols"],
    actions: (actions as GrantAction[] | undefined) ?? [],
    forwardTo: (forwardTo as string[] | undefined) ?? [],
    active: active !== false,
    startsAt: (startsAt as string | null | undefined) || null,
    expiresAt: (expiresAt as string | null | undefined) || null,
    atEnd: (atEnd as Grant["atEnd"] | undefined) ?? null,
  };
}

interface Words {
  readonly t: TFunction;
  readonly language: string;
}

const joined = (items: readonly string[], language: string, type: "conjunction" | "disjunction"): string =>
  new Intl.ListFormat(language, { type }).format(items);

/** As which accounts: "root or deploy", "any account but never postgres"; empty when there is none. */
export function accountWords(accounts: Grant["accounts"], { t, language }: Words): string {
  const { all, names, excluded, manual, sameName, anonymous } = accounts;
  const parts = [
    ...(all ? [t("access.summary.anyAccount")] : names),
    ...(manual ? [t("access.summary.manual")] : []),
    ...(sameName ? [t("access.summary.sameName")] : []),
    ...(anonymous ? [t("access.summary.anonymous")] : []),
  ];
  if (parts.length === 0) return "";
  const words = joined(parts, language, "disjunction");
  return excluded.length === 0
    ? words
    : t("access.summary.never", { accounts: words, excluded: joined(excluded, language, "disjunction") });
}

/** By which protocols; empty when there is none. */
export const protocolWords = (protocols: Grant["protocols"], { t, language }: Words): string =>
  protocols.all
    ? t("access.summary.anyProtocol")
    : joined(
        protocols.kinds.map((kind) => kind.toUpperCase()),
        language,
        "disjunction",
      );

/** To do what: "connect, upload". */
export const actionWords = (actions: readonly GrantAction[], { t }: Words): string =>
  actions.map((action) => t(`access.actions.${action}`)).join(t("access.summary.between"));

/** What a rule grants, in sentences; or what is still missing so that it grants anything. */
export function ruleSummary(rule: RuleShape, words: Words): readonly string[] {
  const { t, language } = words;
  const missing = missingWords(rule, words);
  if (missing.length > 0) {
    return [t("access.summary.missing", { missing: joined(missing, language, "conjunction") })];
  }
  const sentence = t("access.summary.sentence", {
    count: rule.people.length + rule.groups.length,
    who: joined(sideWords(rule, ["people", "groups"], words), language, "conjunction"),
    what: joined(sideWords(rule, ["assets", "nodes"], words), language, "conjunction"),
    accounts: accountWords(rule.accounts, words),
    protocols: protocolWords(rule.protocols, words),
    actions: actionWords(rule.actions, words),
  });
  return [
    sentence,
    ...forwardWords(rule, words),
    ...timeWords(rule, words),
    ...endWords(rule, words),
    ...(rule.active ? [] : [t("access.summary.off")]),
  ];
}

/** Up to so many things of a side are named, more are counted. */
const NAMED = 2;

function sideWords(
  rule: RuleShape,
  kinds: readonly ("people" | "groups" | "assets" | "nodes")[],
  { t }: Words,
): string[] {
  const all = kinds.flatMap((kind) => rule[kind].map((name) => ({ kind, name })));
  if (all.length <= NAMED && all.every(({ name }) => name !== null)) {
    return all.map(({ kind, name }) =>
      kind === "groups" || kind === "nodes" ? t(`access.summary.one.${kind}`, { name: name ?? "" }) : (name ?? ""),
    );
  }
  return kinds
    .filter((kind) => rule[kind].length > 0)
    .map((kind) => t(`access.summary.${kind}`, { count: rule[kind].length }));
}

function missingWords(rule: RuleShape, words: Words): string[] {
  const { t } = words;
  const sides: readonly (readonly [boolean, string])[] = [
    [rule.people.length + rule.groups.length === 0, t("access.summary.missingPeople")],
    [rule.assets.length + rule.nodes.length === 0, t("access.summary.missingAssets")],
    [accountWords(rule.accounts, words) === "", t("access.summary.missingAccounts")],
    [!rule.protocols.all && rule.protocols.kinds.length === 0, t("access.summary.missingProtocols")],
    [rule.actions.length === 0, t("access.summary.missingActions")],
    [rule.actions.includes("forward") && rule.forwardTo.length === 0, t("access.summary.missingDestinations")],
  ];
  return sides.filter(([lacks]) => lacks).map(([, word]) => word);
}

function timeWords({ startsAt, expiresAt }: RuleShape, { t, language }: Words): string[] {
  const say = (at: string) =>
    new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
  const later = startsAt !== null && new Date(startsAt).getTime() > Date.now() ? startsAt : null;
  if (later && expiresAt) return [t("access.summary.fromUntil", { from: say(later), until: say(expiresAt) })];
  if (later) return [t("access.summary.from", { from: say(later) })];
  return expiresAt ? [t("access.summary.until", { until: say(expiresAt) })] : [];
}

function forwardWords({ actions, forwardTo }: RuleShape, { t, language }: Words): string[] {
  if (!actions.includes("forward")) return [];
  return [t("access.summary.forward", { destinations: joined(forwardTo, language, "disjunction") })];
}

function endWords({ expiresAt, atEnd }: RuleShape, { t }: Words): string[] {
  if (!expiresAt || !atEnd || atEnd.what === "cut") return [];
  return [atEnd.what === "keep" ? t("access.summary.endKeep") : t("access.summary.endWarn", { count: atEnd.minutes })];
}
