import { sql } from "kysely";
import type { z } from "zod";
import { Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { hashPassword, verifyPassword } from "../login/password.ts";
import type { Platform } from "../../platform/index.ts";
import { isBreached } from "./breached.ts";
import { passwordSettings } from "./settings.ts";

/** What a password must be, as one person is asked. */
export type PasswordRules = z.output<typeof passwordSettings.schema>;

/** Whose password it is. */
export interface Whose {
  readonly loginName: string;
  readonly email: string | null;
  readonly name: string;
}

interface Deps {
  readonly db: Db;
  readonly platform: Pick<Platform, "settings">;
}

const FEW = 5;
const SITE = "sallyport";

/** All that is wrong with a password, in words; empty: nothing. What was had before is not looked at. */
export function weaknesses(
  password: string,
  whose: Whose,
  rules: Pick<PasswordRules, "minLength" | "kinds">,
): string[] {
  const characters = [...password];
  const wrong: string[] = [];
  if (characters.length < rules.minLength) wrong.push(`At least ${rules.minLength} characters.`);
  if (kindsOf(password) < rules.kinds) {
    wrong.push(`At least ${rules.kinds} of these kinds: lower case, upper case, digits, other characters.`);
  }
  if (new Set(characters).size < FEW) wrong.push("More than a few different characters.");
  if (isMadeOf(password, whose)) wrong.push("Not the login name, the mail address or the name of this site.");
  if (isBreached(password)) wrong.push("Not a password that is publicly known, nor one with a few signs around it.");
  return wrong;
}

const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u];
const kindsOf = (password: string): number => KINDS.filter((kind) => kind.test(password)).length;

/** Whether little is left of the password without the names that anybody knows. */
function isMadeOf(password: string, { loginName, email, name }: Whose): boolean {
  const lower = password.toLowerCase();
  const words = [email, email?.split("@")[0], loginName, ...name.split(/\s+/), SITE]
    .flatMap((word) => (word && word.length >= 3 ? [word.toLowerCase()] : []))
    .toSorted((a, b) => b.length - a.length);
  const rest = words.reduce((left, word) => left.replaceAll(word, ""), lower);
  return rest !== lower && rest.length < 8;
}

/** What is asked of a member of these organizations: of each rule the strictest. None: what the site asks. */
async function rulesOf({ db, platform }: Deps, orgIds: readonly string[]): Promise<PasswordRules> {
  const all = [await platform.settings.read(passwordSettings, null, db)];
  for (const orgId of orgIds) all.push(await platform.settings.read(passwordSettings, orgId, db));
  const most = (field: keyof PasswordRules): number => Math.max(...all.map((one) => one[field]));
  const soonest = (field: "expireDays" | "administratorExpireDays"): number => {
    const days = all.map((one) => one[field]).filter((count) => count > 0);
    return days.length > 0 ? Math.min(...days) : 0;
  };
  return {
    minLength: most("minLength"),
    kinds: most("kinds"),
    history: most("history"),
    minAgeHours: most("minAgeHours"),
    expireDays: soonest("expireDays"),
    administratorExpireDays: soonest("administratorExpireDays"),
  };
}

const MOST_ORGANIZATIONS = 1000;

/** What is asked of a user, by all organizations the user is a member of. */
async function rulesOfUser(deps: Deps, userId: string): Promise<PasswordRules> {
  const members = await deps.db
    .selectFrom("membership")
    .select("org_id")
    .where("user_id", "=", userId)
    .limit(MOST_ORGANIZATIONS)
    .execute();
  return rulesOf(
    deps,
    members.map(({ org_id }) => org_id),
  );
}

/** Fault `invalid` that names all that is wrong with what was typed in the field. */
function refuse(field: string, wrong: readonly string[]): void {
  if (wrong.length === 0) return;
  const message = `Choose another password. ${wrong.join(" ")}`;
  throw new Fault("invalid", message, { problems: [{ path: field, message: wrong.join(" ") }] });
}

/**
 * The hash of the password of a user who is about to be made, a member of these organizations. Slow: before the
 * transaction. Fault `invalid` with all reasons.
 */
export async function acceptFirstPassword(
  deps: Deps,
  whose: Whose,
  given: { readonly password: string; readonly orgIds: readonly string[]; readonly field?: string },
): Promise<string> {
  const { password, orgIds, field = "password" } = given;
  refuse(field, weaknesses(password, whose, await rulesOf(deps, orgIds)));
  return hashPassword(password);
}

/**
 * The hash of a user's new password, which is none of the last ones. `own`: the user changes it at will, which may be too
 * soon. Slow: before the transaction. Fault `invalid` with all reasons.
 */
export async function acceptNewPassword(
  deps: Deps,
  userId: string,
  given: { readonly password: string; readonly field?: string; readonly own?: boolean },
): Promise<string> {
  const { password, field = "password", own = false } = given;
  const user = await deps.db
    .selectFrom("users")
    .select(["login_name as loginName", "email", "name", "password_hash as hash", "password_changed_at as changedAt"])
    .where("id", "=", userId)
    .executeTakeFirst();
  if (!user) throw new Fault("not_found", "There is no such user any more.");
  const rules = await rulesOfUser(deps, userId);
  const wrong = weaknesses(password, user, rules);
  if (own && Date.now() - user.changedAt.getTime() < rules.minAgeHours * 3_600_000) {
    wrong.push(`It was changed less than ${rules.minAgeHours} hours ago. Wait, or ask an administrator.`);
  }
  if (await wasHadBefore(deps.db, { userId, hash: user.hash }, { password, history: rules.history })) {
    wrong.push(rules.history > 1 ? `Not one of the last ${rules.history} passwords.` : "Not the password of before.");
  }
  refuse(field, wrong);
  return hashPassword(password);
}

async function wasHadBefore(
  db: Db,
  { userId, hash }: { readonly userId: string; readonly hash: string | null },
  { password, history }: { readonly password: string; readonly history: number },
): Promise<boolean> {
  const kept = await db
    .selectFrom("password_history")
    .select("password_hash")
    .where("user_id", "=", userId)
    .orderBy("set_at", "desc")
    .limit(history)
    .execute();
  const hashes = new Set([...(hash === null ? [] : [hash]), ...kept.map((row) => row.password_hash)]);
  for (const one of hashes) if (await verifyPassword(password, one)) return true;
  return false;
}

/** Notes whether the password that was just found right is one that would be refused today; returns that. */
export async function noteWeakness(
  deps: Deps,
  user: Whose & { readonly id: string; readonly passwordIsWeak: boolean },
  password: string,
): Promise<boolean> {
  const isWeak = weaknesses(password, user, await rulesOfUser(deps, user.id)).length > 0;
  if (isWeak !== user.passwordIsWeak) {
    await deps.db.updateTable("users").set({ password_is_weak: isWeak }).where("id", "=", user.id).execute();
  }
  return isWeak;
}

const SETTINGS = /(^|-)settings\.update$/;
const DAY_MS = 86_400_000;

/** Why the password must be changed before the user enters; null: it need not. */
export async function newPasswordReason(
  deps: Deps,
  user: {
    readonly id: string;
    readonly mustChangePassword: boolean;
    readonly passwordIsWeak: boolean;
    readonly passwordChangedAt: Date;
    readonly permissions: readonly string[];
  },
  now: Date,
): Promise<"asked" | "expired" | "weak" | null> {
  if (user.mustChangePassword) return "asked";
  if (user.passwordIsWeak) return "weak";
  const { expireDays, administratorExpireDays } = await rulesOfUser(deps, user.id);
  const isAdministrator = user.permissions.some((permission) => SETTINGS.test(permission));
  const limits = [expireDays, isAdministrator ? administratorExpireDays : 0].filter((days) => days > 0);
  const age = now.getTime() - user.passwordChangedAt.getTime();
  return limits.some((days) => age > days * DAY_MS) ? "expired" : null;
}

/** Stores a new password; whatever the user is asked to change is done with it, unless `mustChange`. */
export async function storePassword(db: Db, userId: string, hash: string, mustChange = false): Promise<void> {
  await db
    .updateTable("users")
    .set({ password_hash: hash, must_change_password: mustChange, updated_at: sql<Date>`now()` })
    .where("id", "=", userId)
    .execute();
}
