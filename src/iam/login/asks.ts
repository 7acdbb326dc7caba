import type { Db } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { Level } from "./candidate.ts";
import { consoleSettings, tokenSettings } from "../tokens/settings.ts";
import { signInSettings } from "./settings.ts";

const LEVELS: readonly Level[] = ["off", "on", "forced"];
const MAILED = ["off", "chosen", "fallback"] as const;

/** What the site and the organizations ask of somebody who signs in. */
export interface Asks {
  readonly level: Level;
  readonly mailedCode: (typeof MAILED)[number];
  /** Whether a passkey signs in without another proof. */
  readonly passkeyAlone: boolean;
  /** How many minutes a second factor counts again over SSH; 0: never. */
  readonly rememberMinutes: number;
}

/**
 * The strictest of the site and of every organization that the user is a member of: nobody gets by the rules of one by
 * entering another first.
 */
export async function asksOf(
  { platform, db }: { readonly platform: Pick<Platform, "settings">; readonly db: Db },
  userId: string,
): Promise<Asks> {
  const all = [];
  for (const orgId of await judgesOf(db, userId)) all.push(await platform.settings.read(signInSettings, orgId, db));
  return {
    level: LEVELS[Math.max(...all.map(({ secondFactor }) => LEVELS.indexOf(secondFactor)))] ?? "forced",
    mailedCode: MAILED[Math.min(...all.map(({ mailedCode }) => MAILED.indexOf(mailedCode)))] ?? "off",
    passkeyAlone: all.every(({ passkeyAlone }) => passkeyAlone),
    rememberMinutes: Math.min(...all.map(({ rememberMinutes }) => rememberMinutes)),
  };
}

/** The site, as null, and every organization that the user is a member of. */
async function judgesOf(db: Db, userId: string): Promise<(string | null)[]> {
  const members = await db
    .selectFrom("membership")
    .select("org_id")
    .where("user_id", "=", userId)
    .limit(1000)
    .execute();
  return [null, ...members.map(({ org_id }) => org_id)];
}

/** How long what a user is given may live, and where it counts: the strictest of the site and each of their organizations. */
export async function limitsOf(
  { platform, db }: { readonly platform: Pick<Platform, "settings">; readonly db: Db },
  userId: string,
) {
  const limits = {
    idleMinutes: Infinity,
    longestHours: Infinity,
    certificateHours: Infinity,
    longestKeyDays: Infinity,
    certificatesOnlyFromAddress: false,
  };
  for (const orgId of await judgesOf(db, userId)) {
    const sessions = await platform.settings.read(consoleSettings, orgId, db);
    const tokens = await platform.settings.read(tokenSettings, orgId, db);
    limits.idleMinutes = Math.min(limits.idleMinutes, sessions.idleMinutes);
    limits.longestHours = Math.min(limits.longestHours, sessions.longestHours);
    limits.certificateHours = Math.min(limits.certificateHours, tokens.certificateHours);
    limits.longestKeyDays = Math.min(limits.longestKeyDays, tokens.longestKeyDays);
    limits.certificatesOnlyFromAddress ||= tokens.certificatesOnlyFromAddress;
  }
  return limits;
}

/** How much of a second factor is asked of the user: what is asked of everybody, and more where they or a role of theirs are asked more. */
export async function levelOf(
  deps: { readonly platform: Pick<Platform, "settings">; readonly db: Db },
  user: { readonly id: string; readonly secondFactor: Level | null },
): Promise<Level> {
  const { level } = await asksOf(deps, user.id);
  const own = user.secondFactor ?? "off";
  return LEVELS.indexOf(own) > LEVELS.indexOf(level) ? own : level;
}
