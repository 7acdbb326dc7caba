import type { Actor, AnyAction, Runtime } from "../core/index.ts";
import type { Database, Db, Sealer } from "../db/index.ts";
import {
  type AnyJobKind,
  type AnyMailTemplate,
  createRowRunner,
  type Platform,
  type Schedule,
} from "../platform/index.ts";
import { backendActions } from "./backends/backend-admin.ts";
import { backendCheckActions } from "./backends/backend-check.ts";
import { backends } from "./backends/index.ts";
import { mappingActions } from "./backends/mapping.ts";
import { createSync } from "./backends/sync.ts";
import { createFactors } from "./factors/index.ts";
import { factorMessages } from "./factors/messages.ts";
import { ownFactorActions } from "./factors/own-factors.ts";
import { userFactorActions } from "./factors/user-factors.ts";
import { tidyWaysIn } from "./login/attempt.ts";
import { tidyAttempts } from "./login/brake.ts";
import { groupActions } from "./groups/group.ts";
import { identityActions } from "./identities/identity.ts";
import { confirmActions } from "./login/confirm.ts";
import { actorOfToken, type Claims } from "./login/console-session.ts";
import { factorStepActions } from "./login/factor-step.ts";
import { newPasswordActions } from "./login/new-password-step.ts";
import { passkeyStepActions } from "./login/passkey-step.ts";
import { type Presence, stillPresent } from "./login/presence.ts";
import { makeSetupToken, setupActions, setupIsNeeded } from "./login/setup.ts";
import { redirectStepActions } from "./login/redirect-step.ts";
import { postedAnswerActions } from "./login/posted-answer.ts";
import { createCertificateTaking } from "./login/shown-certificate.ts";
import { signInActions } from "./login/sign-in.ts";
import { signOutActions } from "./login/sign-out.ts";
import { createSshWayIn, keyIsKnown } from "./login/ssh-sign-in.ts";
import { membershipActions } from "./orgs/membership.ts";
import { writeDefaultOrganization } from "./orgs/org.ts";
import { organizationActions } from "./orgs/organization.ts";
import { ownRoleActions } from "./roles/own-role.ts";
import { permissionActions, type Permissions, permissionsOfActions } from "./roles/permission.ts";
import { signInBlockActions } from "./passwords/block.ts";
import { passwordReplacedMail, resetMail } from "./passwords/messages.ts";
import { resetActions } from "./passwords/reset.ts";
import { roleActions, writeBuiltInRoles } from "./roles/role.ts";
import { systemRoleActions } from "./roles/system-role.ts";
import { importUsersKind } from "./transfer/import-job.ts";
import { transferActions } from "./transfer/transfer.ts";
import { bulkActions } from "./users/bulk.ts";
import { invitationActions, invitationMail } from "./users/invitation.ts";
import { tidyMailedTokens } from "./users/mailed-token.ts";
import { ownPasskeyActions } from "./factors/own-passkeys.ts";
import { profileActions } from "./users/profile.ts";
import { type ParsePublicKey, sshKeyActions } from "./users/ssh-key.ts";
import { signInNoticeMail } from "./sign-in-rules/messages.ts";
import { signInRuleActions } from "./sign-in-rules/sign-in-rule.ts";
import { siteUserActions } from "./site-users/site-user.ts";
import { expiryMail, userSweep } from "./users/sweep.ts";
import { userActions } from "./users/user.ts";

import { apiKeyActions } from "./tokens/api-key.ts";
import { actorOfKey } from "./tokens/bearer.ts";
import { certifiedUser, type ShownCertificate } from "./certificates/certified.ts";
import { deviceActions } from "./certificates/device.ts";
import { createScopes } from "./tokens/scopes.ts";
import { serviceAccountActions } from "./tokens/service-account.ts";
import { keepSessionInUse, signInSessionActions } from "./tokens/sign-in-session.ts";
import { sshCertificateActions } from "./certificates/ssh-certificate.ts";
import { type CertificateMaker, tidyCertificates } from "./certificates/ssh-certificate.store.ts";

export { changedMeanwhile, systemActor } from "../core/index.ts";
export { createOrganization, DEFAULT_ORGANIZATION } from "./orgs/org.ts";
export { resetFactorsOnMachine } from "./factors/user-factors.ts";
export { receiverOf } from "./users/receiver.ts";
export { switchOffSignInRules } from "./sign-in-rules/switch-off.ts";
export { iamSettings } from "./login/settings.ts";
export type { SshStep } from "./login/ssh-sign-in.ts";
export { type Presence, starterNow } from "./login/presence.ts";

/** The domain of identity as other domains see it. */
export type Iam = ReturnType<typeof createIam>;

/** Identity: who acts, and which permissions they hold. `parsePublicKey` throws Fault `invalid` for a bad key. */
export function createIam(deps: {
  database: Database;
  runtime: Runtime<Db>;
  sealer: Sealer;
  platform: Pick<Platform, "settings" | "notify" | "startJob" | "mailIsConfigured" | "files">;
  parsePublicKey: ParsePublicKey;
  /** Makes the keys of authorities and signs certificates with them. */
  certificates: CertificateMaker;
  /** The port of the certificate door; null or absent: there is none, and nobody signs in with a certificate. */
  certificatePort?: number | null;
  /** Where mailed links lead when nobody who is signed in asked for them; null: such links are not mailed. */
  consoleOrigin?: string | null;
}) {
  const { database, runtime, sealer, platform, parsePublicKey, certificates: maker, consoleOrigin = null } = deps;
  const scopes = createScopes();
  const { certificatePort = null } = deps;
  const wayIn = {
    database,
    sealer,
    platform,
    backends,
    certificatePort,
    factors: createFactors({ sealer, platform }),
  };
  /** Known once all domains have told their actions. */
  let permissions: Permissions = new Map();
  const users = userActions(platform);
  const runRow = createRowRunner(runtime, users);
  const sweep = userSweep({ database, runtime, platform });
  const importing = importUsersKind({ database, files: platform.files, runRow });
  const sync = createSync({ database, runtime, sealer, backends, platform });

  return {
    actions: [
      ...setupActions({ database, platform }),
      ...signInActions(wayIn),
      ...factorStepActions(wayIn),
      ...newPasswordActions(wayIn),
      ...redirectStepActions(wayIn),
      ...passkeyStepActions(wayIn),
      ...confirmActions(wayIn),
      ...ownPasskeyActions(),
      ...profileActions(),
      ...organizationActions(),
      ...membershipActions(platform),
      ...users,
      ...bulkActions(database.db, runRow),
      ...siteUserActions(),
      ...transferActions({ database, platform, kind: importing }),
      ...invitationActions(platform, wayIn),
      ...ownFactorActions(wayIn),
      ...userFactorActions(wayIn),
      ...postedAnswerActions(wayIn),
      ...signOutActions(wayIn),
      ...identityActions(wayIn),
      ...resetActions({ ...wayIn, platform, consoleOrigin }),
      ...signInBlockActions(),
      ...signInRuleActions(),
      ...sshKeyActions({ parsePublicKey }),
      ...groupActions(),
      ...roleActions(),
      ...backendActions(wayIn),
      ...backendCheckActions(wayIn),
      ...mappingActions(wayIn),
      ...permissionActions(() => permissions),
      ...ownRoleActions(() => permissions),
      ...systemRoleActions(),
      ...signInSessionActions(),
      ...apiKeyActions({ platform, scopes }),
      ...serviceAccountActions({ platform, scopes }),
      ...sshCertificateActions({ sealer, maker }),
      ...deviceActions({ ...wayIn, maker, parsePublicKey }),
      ...sync.actions,
    ] as AnyAction<Db>[],

    /** Work in the background, and the messages it sends. */
    work: {
      kinds: [importing, sweep.kind, ...sync.kinds] as AnyJobKind[],
      schedules: [...sweep.schedules, ...sync.schedules] as Schedule[],
      templates: [
        invitationMail,
        expiryMail,
        resetMail,
        passwordReplacedMail,
        signInNoticeMail,
        ...factorMessages,
        ...sync.templates,
      ] as AnyMailTemplate[],
    },

    /**
     * The actor behind a console cookie's token; anonymous when there is none or it is not valid any more. For an API key
     * that does not count, Fault `unauthenticated` or `too_many`.
     */
    identify: (claims: Claims): Promise<Actor> =>
      claims.bearer ? actorOfKey(database.db, { ...claims, bearer: claims.bearer }) : actorOfToken(database.db, claims),

    /** Writes the default organization and the built-in roles; at each start, with the actions of all domains. */
    prepare: (actions: readonly AnyAction<Db>[]): Promise<void> => {
      scopes.learn(actions);
      permissions = permissionsOfActions(actions);
      return database.transaction(async (db) => {
        await writeDefaultOrganization(db);
        await writeBuiltInRoles(db, actions);
      });
    },

    /** Removes what is out of date; to be called every few minutes. */
    tidy: async (): Promise<void> => {
      await tidyAttempts(database.db);
      await tidyWaysIn(database.db);
      await tidyMailedTokens(database.db);
      await tidyCertificates(database.db);
      await platform.files.tidy();
    },

    /** A new single-use set-up token (30 minutes), or null when there is an administrator. */
    makeSetupToken: (): Promise<string | null> => makeSetupToken(database),
    setupIsNeeded: (): Promise<boolean> => setupIsNeeded(database.db),

    /** What the certificate door needs. */
    certificateDoor: createCertificateTaking({ ...wayIn, runtime }),

    /** The way in of one SSH connection from that address. */
    sshWayIn: (address: string | null) => createSshWayIn({ ...wayIn, runtime }, address),

    /** For each, in order, whether it may stay where it is; see `Presence`. */
    stillPresent: (presences: readonly Presence[]): Promise<boolean[]> => stillPresent(database.db, presences),

    /** Counts as use of a console session, as a request does. */
    keepSessionInUse: (signInId: string): Promise<void> => keepSessionInUse(database.db, signInId),

    /** Whether proving this certificate could lead in. Answers nothing about the person. */
    certificateIsKnown: (shown: { loginName: string; certificate: ShownCertificate; address: string | null }) =>
      certifiedUser(database.db, shown.certificate, { ...shown, now: runtime.now() }).then((found) => found !== null),

    /** Whether offering this key is worth a proof. Answers nothing about the person. */
    keyIsKnown: (key: { loginName: string; fingerprint: string }): Promise<boolean> => keyIsKnown(database.db, key),
  };
}
