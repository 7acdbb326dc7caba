import type { Db } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { Level } from "./candidate.ts";
import { signInSettings } from "./settings.ts";

const LEVELS: readonly Level[] = ["off", "on", "forced"];
const MAILED = ["off", "chosen", "fallback"] as const;

/** What the site and the organizations ask of somebody who signs in. */
export interface Asks {
  readonly level: Level;
  readonly mailedCode: (typeof MAILED)[number];
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
  const members = await db
    .selectFrom("membership")
    .select("org_id")
    .where("user_id", "=", userId)
    .limit(1000)
    .execute();
  const all = [await platform.settings.read(signInSettings, null, db)];
  for (const { org_id } of members) all.push(await platform.settings.read(signInSettings, org_id, db));
  return {
    level: LEVELS[Math.max(...all.map(({ secondFactor }) => LEVELS.indexOf(secondFactor)))] ?? "forced",
    mailedCode: MAILED[Math.min(...all.map(({ mailedCode }) => MAILED.indexOf(mailedCode)))] ?? "off",
    rememberMinutes: Math.min(...all.map(({ rememberMinutes }) => rememberMinutes)),
  };
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
