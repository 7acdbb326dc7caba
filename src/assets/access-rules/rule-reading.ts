import { createSelector, type Selectable } from "../../core/index.ts";
import type { RuleRow, SubjectFacts } from "./access-rule.store.ts";
import { accessRuleKinds } from "./kinds/index.ts";
import type { AnyAccessRuleKind, Circumstances } from "./kinds/kind.ts";
import { type AccessAction, ASSET_ATTRIBUTES, createAccessRule, USER_ATTRIBUTES } from "./schema.ts";

/** A rule that decides, as others are told of it. */
export interface DecidingRule {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly action: AccessAction;
  readonly notice: string;
  /** Those who can decide or be told. */
  readonly reviewers: readonly { readonly id: string; readonly name: string }[];
}

/** Why a rule that decides refuses. */
export type WhyRefused = "reject" | "no-reviewers" | "unreadable" | "unknown-method";

/** A person and an account of an asset, as rules see them. */
export interface Subject {
  readonly person: Selectable;
  readonly asset: Selectable;
  readonly accountName: string;
}

/** A stored rule that this version understands. */
export interface Readable {
  /** What of the subject it does not mean; null: it means it. */
  misses(subject: Subject): "users" | "assets" | "accounts" | null;
  applies(circumstances: Circumstances): boolean;
  nextChange(circumstances: Circumstances): number | null;
  /** In the shape of its kind. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const folded = (name: string): string => name.normalize("NFC").toLowerCase();

/** Null: an earlier or later version wrote it, or somebody by hand; nobody knows whom it means. */
export function readRule(row: RuleRow, kind: AnyAccessRuleKind | undefined): Readable | null {
  const { shape } = createAccessRule.input;
  const users = shape.users.safeParse(row.users);
  const assets = shape.assets.safeParse(row.assets);
  const settings = kind?.settings.safeParse(row.settings);
  if (!kind || !users.success || !assets.success || !settings?.success) return null;
  if (!kind.actions.includes(row.action as AccessAction)) return null;
  const prepared = kind.connecting?.prepare(settings.data);
  const names = row.accounts === null ? null : new Set(row.accounts.map(folded));
  const meansPerson = createSelector(USER_ATTRIBUTES, users.data);
  const meansAsset = createSelector(ASSET_ATTRIBUTES, assets.data);
  return {
    misses({ person, asset, accountName }) {
      if (!meansPerson(person)) return "users";
      if (!meansAsset(asset)) return "assets";
      return names === null || names.has(folded(accountName)) ? null : "accounts";
    },
    applies: (circumstances) => prepared?.applies(circumstances) ?? false,
    nextChange: (circumstances) => prepared?.nextChange?.(circumstances) ?? null,
    settings: settings.data as Record<string, unknown>,
  };
}

/** Whether this version understands the rule. */
export const isReadable = (row: RuleRow): boolean =>
  readRule(
    row,
    accessRuleKinds.list().find(({ kind }) => kind === row.kind),
  ) !== null;

export const subjectOf = (
  { user, asset, accountName }: SubjectFacts,
  ids: { readonly userId: string; readonly assetId: string },
): Subject => ({
  person: {
    id: ids.userId,
    attributes: {
      loginName: user.loginName,
      name: user.userName,
      email: user.email,
      source: user.sources,
      groups: user.groups,
      roles: user.roles,
    },
  },
  asset: {
    id: ids.assetId,
    attributes: { name: asset.assetName, host: asset.host, nodes: asset.nodes, protocols: asset.protocols },
  },
  accountName,
});

/** A review without anybody to review, and a rule that cannot be read, refuse. */
export function whyRefused(row: RuleRow, rule: Readable | null, approved: readonly string[] = []): WhyRefused | null {
  if (!rule) return "unreadable";
  if (row.action === "reject") return "reject";
  if (row.action !== "review" || approved.includes(row.id)) return null;
  return row.reviewers.some(({ active }) => active) ? null : "no-reviewers";
}

export const told = (row: RuleRow): DecidingRule => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  action: row.action as AccessAction,
  notice: row.notice,
  reviewers: row.reviewers.filter(({ active }) => active).map(({ id, name }) => ({ id, name })),
});
