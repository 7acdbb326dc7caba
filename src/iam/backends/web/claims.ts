import { z } from "zod";
import { Fault, plain } from "../../../core/index.ts";
import type { OutsideIdentity } from "../backend.ts";

/** What a provider says of a person; nested, of any shape. */
export type Claims = Readonly<Record<string, unknown>>;

const Path = plain(z.string().trim().max(256));

/** Where in the claims the person's fields are; dots lead deeper, a claim whose own name holds the dots goes first. */
export const claimSettings = {
  loginNameClaim: Path.default("preferred_username").describe("Claim with the login name"),
  nameClaim: Path.default("name").describe("Claim with the person's name"),
  emailClaim: Path.default("email").describe("Claim with the mail address"),
  groupsClaim: Path.default("").describe("Claim with the groups, as realm_access.roles; empty: none"),
  groupFilter: z
    .array(plain(z.string().trim().min(1).max(256)))
    .max(100)
    .default([])
    .describe("Groups that count here, * stands for anything; empty: all"),
};

interface ClaimNames {
  readonly loginNameClaim: string;
  readonly nameClaim: string;
  readonly emailClaim: string;
  readonly groupsClaim: string;
  readonly groupFilter: readonly string[];
}

const MOST_GROUPS = 1000;

/** The claim at the path, or undefined. Own properties only. */
export function claimAt(claims: Claims, path: string): unknown {
  if (path === "") return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  let at: unknown = claims;
  for (const part of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Claims)[part];
  }
  return at;
}

/** Text or a number as text, trimmed; "" for anything else. A list of one counts as its only item. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? textOf(value[0]) : "";
  if (typeof value === "number" && (Number.isSafeInteger(value) || !Number.isInteger(value)))
    return Number.isFinite(value) ? String(value) : "";
  return typeof value === "string" ? value.trim() : "";
}

/** Puts the identity together. Fault `unauthenticated` when the provider does not say who it is about. */
export function identityOf(
  who: { readonly issuer: string; readonly subject: string; readonly memory?: unknown },
  claims: Claims,
  names: ClaimNames,
): OutsideIdentity {
  const { issuer, subject, memory } = who;
  if (subject === "" || subject.length > 1024 || subject.includes("\0")) {
    throw new Fault(
      "unauthenticated",
      "The provider does not say who you are in a way that lasts. Tell an administrator.",
    );
  }
  const loginName = textOf(claimAt(claims, names.loginNameClaim)).slice(0, 256) || subject.slice(0, 256);
  const email = z
    .email()
    .max(254)
    .safeParse(textOf(claimAt(claims, names.emailClaim)));
  return {
    issuer,
    subject,
    loginName,
    name: textOf(claimAt(claims, names.nameClaim)).slice(0, 128) || loginName.slice(0, 128),
    email: email.success ? email.data : null,
    groups: groupsOf(claimAt(claims, names.groupsClaim), names.groupFilter),
    memory,
  };
}

/** A list, or one name as text; at most 1,000 that the filter lets through. */
function groupsOf(value: unknown, filter: readonly string[]): string[] {
  const listed = (Array.isArray(value) ? value : [value])
    .map(textOf)
    .filter((name) => name !== "" && name.length <= 1024);
  const counts = filter.map(matcher);
  return [...new Set(listed)]
    .filter((name) => counts.length === 0 || counts.some((fits) => fits(name)))
    .slice(0, MOST_GROUPS);
}

/** `*` stands for any text; without a regular expression, so that no pattern takes long. */
function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
    let from = first.length;
    const end = name.length - last.length;
    for (const part of parts.slice(1, -1)) {
      const found = name.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  };
}
