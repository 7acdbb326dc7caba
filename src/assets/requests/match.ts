import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { type Asker, type Matched, matchTargets, reviewersOf } from "./match.store.ts";

/** What is asked for, with the names it has now, the rule that decides, and who reviews by it. */
export interface Match {
  readonly rule: { readonly id: string; readonly name: string; readonly longestMinutes: number };
  readonly assets: readonly { readonly id: string; readonly name: string }[];
  readonly nodes: readonly { readonly id: string; readonly name: string }[];
  readonly reviewers: readonly string[];
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
  const named = (wanted: Matched["what"]) =>
    found.filter(({ what }) => what === wanted).map(({ id, name }) => ({ id, name }));
  return { rule, assets: named("asset"), nodes: named("node"), reviewers: await reviewersOf(db, asker.orgId, rule.id) };
}
