import type { AnyAction, Registry } from "../core/index.ts";
import type { Db, Sealer } from "../db/index.ts";
import { accountActions, type OpenPrivateKey } from "./accounts/account.ts";
import { createConnections } from "./accounts/connection.ts";
import { grantActions } from "./grants/grant.ts";
import { myAssetActions } from "./grants/my-assets.ts";
import { assetActions, type ProtocolEntry } from "./inventory/asset.ts";
import { nodeActions } from "./inventory/node.ts";

export type { Connection } from "./accounts/connection.ts";
export { type Decision, decide, notAllowed, type Request } from "./grants/decision.ts";
export { myAssets } from "./grants/my-assets.ts";

/** The domain of assets as other domains see it. */
export type Assets = ReturnType<typeof createAssets>;

/** Assets, accounts and permission rules. `protocols` is the list of drivers; `openPrivateKey` reads keys for accounts. */
export function createAssets(deps: {
  sealer: Sealer;
  protocols: Registry<ProtocolEntry>;
  openPrivateKey: OpenPrivateKey;
}) {
  const { sealer, protocols, openPrivateKey } = deps;
  return {
    actions: [
      ...nodeActions(),
      ...assetActions({ protocols }),
      ...accountActions({ sealer, openPrivateKey }),
      ...grantActions(),
      ...myAssetActions(),
    ] as AnyAction<Db>[],
    ...createConnections({ sealer }),
  };
}
