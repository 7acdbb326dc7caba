import { type Actor, Fault } from "../../../core/index.ts";
import { myAssets, notAllowed } from "../../../assets/index.ts";
import type { Db } from "../../../db/index.ts";
import type { Choice } from "./menu.ts";
import type { TargetName } from "./target-name.ts";

const DEFAULT_PROTOCOL = "ssh";

/**
 * The one account and asset that a direct user name means, among those the person may reach now. Fault `denied` when
 * there is none, `invalid` when the name fits several assets.
 */
export async function findDirectTarget(
  db: Db,
  actor: Actor,
  name: NonNullable<TargetName["direct"]>,
  now: Date,
): Promise<Choice> {
  const { items } = await myAssets(db, actor, { called: name.asset, limit: 2 }, now);
  const [asset, another] = items;
  if (!asset) throw notAllowed();
  if (another)
    throw new Fault("invalid", `Several of your assets are called "${name.asset}". Use the asset's name or id.`);
  const account =
    asset.accounts.find((candidate) => candidate.name === name.account) ??
    asset.accounts.find((candidate) => candidate.username === name.account);
  if (!account) throw notAllowed();
  return { assetId: asset.id, accountId: account.id, protocol: name.protocol ?? DEFAULT_PROTOCOL };
}
