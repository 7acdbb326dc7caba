import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { type Asker, type Matched, matchTargets, reviewersOf } from "./match.store.ts";
import type { AccessBody } from "./schema.ts";

/** What is asked for, with the names it has now, the rule that decides, and who reviews by it. */
export interface Match {
  readonly rule: { readonly id: string; readonly name: string; readonly longestMinutes: number };
  readonly assets: readonly { readonly id: string; readonly name: string }[];
  readonly nodes: readonly { readonly id: string; readonly name: string }[];
  readonly reviewers: readonly string[];
}

const named = (found: readonly Matched[], wanted: Matched["what"]) =>
  found.filter(({ what }) => what === wanted).map(({ id, name }) => ({ id, name }));

/**
 * What of a wish is still there, of which the rule that was matched decides about all still: it is the first that has to do
 * with it, is switched on, names the asker and covers it. Null: of something it does not any more.
 */
export async function stillMatched(
  db: Db,
  asker: Asker,
  { rule, assets, nodes }: Pick<AccessBody, "rule" | "assets" | "nodes">,
): Promise<Pick<Match, "assets" | "nodes"> | null> {
  const ids = (of: readonly { readonly id: string }[]) => of.map(({ id }) => id);
  const found = await matchTargets(db, asker, { assetIds: ids(assets), nodeIds: ids(nodes) });
  if (found.some((one) => one.rule?.id !== rule.id || !one.whole)) return null;
  return { assets: named(found, "asset"), nodes: named(found, "node") };
}

/**
 * The one rule that decides about everything that is asked for. Fault `not_found` for what does not exist and for what no
 * rule lets the asker ask for, in the same words; `invalid` where several rules would decide.
 */
export async function matchRule(
  db: Db,
  asker: Asker,
  wish: { readonly assetIds: readonly string[]; readonly nodeIds: readonly string[] },
): Promise<Match> {
  const assetIds = [...new Set(wish.assetIds)];
  const nodeIds = [...new Set(wish.nodeIds)];
  if (assetIds.length + nodeIds.length === 0) throw new Fault("invalid", "assetIds: name an asset or a node.");
  const found = await matchTargets(db, asker, { assetIds, nodeIds });
  const [first] = found;
  if (found.length < assetIds.length + nodeIds.length || !first?.rule || found.some(({ rule }) => rule === null)) {
    throw new Fault(
      "not_found",
      asker.breakGlass
        ? "There is no such asset or node, or no rule lets you break glass for it."
        : "There is no such asset or node, or no rule lets you ask for it. An administrator makes such rules.",
    );
  }
  const { rule } = first;
  if (found.some((one) => one.rule?.id !== rule.id)) {
    throw new Fault("invalid", "Different people decide about these. Ask for them one by one.");
  }
  if (found.some(({ whole }) => !whole)) {
    throw new Fault("invalid", "Somebody else decides about a part of this node. Ask for its parts one by one.");
  }
  const reviewers = await reviewersOf(db, asker.orgId, rule.id);
  return { rule, assets: named(found, "asset"), nodes: named(found, "node"), reviewers };
}
