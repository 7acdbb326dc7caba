import type { AnyAction, Registry, Runtime } from "../core/index.ts";
import type { Db, Sealer } from "../db/index.ts";
import {
  type AnyJobKind,
  type AnyMailTemplate,
  type AnySettingsGroup,
  createRowRunner,
  type Platform,
} from "../platform/index.ts";
import { accessRuleActions } from "./access-rules/access-rule.ts";
import { commandGroupActions } from "./access-rules/command-group.ts";
import { accessNoticeMail, type Connected, tellReviewers } from "./access-rules/messages.ts";
import { connectReviewKind, createReviews } from "./access-rules/review.ts";
import type { DecidingRule } from "./access-rules/rule-reading.ts";
import { accountActions, type OpenPrivateKey } from "./accounts/account.ts";
import { createConnections } from "./accounts/connection.ts";
import { importGrantsKind } from "./grant-files/import-job.ts";
import { grantFileActions } from "./grant-files/transfer.ts";
import { explainActions } from "./grants/explain.ts";
import { grantActions } from "./grants/grant.ts";
import { myAssetActions } from "./grants/my-assets.ts";
import { peopleActions } from "./grants/people.ts";
import { ruleSettings } from "./grants/settings.ts";
import { assetActions, type ProtocolEntry } from "./inventory/asset.ts";
import { nodeActions } from "./inventory/node.ts";
import { markActions } from "./marks/mark.ts";
import { accessKind, breakGlassKind } from "./requests/access.ts";
import { breakGlassAction, breakGlassMail } from "./requests/break-glass.ts";
import { requestActions } from "./requests/request.ts";
import { requestRuleActions } from "./requests/request-rule.ts";
import { requestSettings } from "./requests/settings.ts";
import { requestSweep } from "./requests/sweep.ts";

export {
  type Connecting,
  judgeConnections,
  methodOf,
  mustPass,
  refusalOf,
  warningsOf,
} from "./access-rules/connecting.ts";
export type { Connection } from "./accounts/connection.ts";
export {
  decide,
  type LiveRequest,
  notAllowed,
  type Request,
  standings,
  type VirtualRequest,
} from "./grants/decision.ts";
export type { Gave, Standing } from "./grants/outlive.ts";
export { myAssets } from "./grants/my-assets.ts";

/** The groups of settings that this domain reads. */
export const assetSettings: readonly AnySettingsGroup[] = [ruleSettings, requestSettings];

/** The domain of assets as other domains see it. */
export type Assets = ReturnType<typeof createAssets>;

/**
 * Assets, accounts, permission rules, access rules and requests for access. `protocols` is the list of drivers;
 * `openPrivateKey` reads keys for accounts.
 */
export function createAssets(deps: {
  sealer: Sealer;
  runtime: Runtime<Db>;
  platform: Pick<Platform, "settings" | "tickets" | "notify" | "mailIsConfigured" | "startJob" | "files">;
  protocols: Registry<ProtocolEntry>;
  openPrivateKey: OpenPrivateKey;
}) {
  const { sealer, runtime, platform, protocols, openPrivateKey } = deps;
  platform.tickets.learn([accessKind, breakGlassKind, connectReviewKind]);
  const sweep = requestSweep(runtime);
  const grants = grantActions({ settings: platform.settings });
  const importing = importGrantsKind({ runtime, files: platform.files, runRow: createRowRunner(runtime, grants) });
  return {
    actions: [
      ...nodeActions(),
      ...assetActions({ protocols }),
      ...accountActions({ sealer, openPrivateKey }),
      ...grants,
      ...grantFileActions({ db: runtime.db, platform, kind: importing }),
      ...explainActions(),
      ...myAssetActions(),
      ...markActions(),
      ...requestRuleActions(),
      ...requestActions(platform),
      breakGlassAction(platform),
      ...accessRuleActions(),
      ...commandGroupActions(),
      ...peopleActions(),
    ] as AnyAction<Db>[],

    /** Work in the background, and the messages it sends. */
    work: {
      kinds: [sweep.kind, importing] as AnyJobKind[],
      schedules: sweep.schedules,
      templates: [breakGlassMail, accessNoticeMail] as AnyMailTemplate[],
    },

    /** Reviews that access rules ask for before a connection. */
    reviews: createReviews(platform),

    /** Mails the reviewers of access rules that somebody connected; in the transaction of `db`. */
    tellReviewers: (db: Db, rules: readonly DecidingRule[], connected: Connected): Promise<void> =>
      tellReviewers(platform, db, rules, connected),
    ...createConnections({ sealer }),
  };
}
