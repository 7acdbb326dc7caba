import { Fault } from "../../../core/index.ts";

/** What an SSH user name asks for: only a person (the menu follows), or an account and asset to go to at once. */
export interface TargetName {
  readonly loginName: string;
  readonly direct: { readonly account: string; readonly asset: string; readonly protocol: string | null } | null;
}

const LONGEST = 400;

/**
 * Reads `person`, `person@account@asset` or `person@protocol@account@asset`; `#` separates as well as `@`. Fault
 * `invalid` for anything else.
 */
export function parseTargetName(text: string): TargetName {
  const parts = text.length <= LONGEST ? text.split(/[@#]/) : [];
  if (parts.some((part) => part === "")) throw malformed();
  const [loginName, ...rest] = parts as [string, ...string[]];
  if (parts.length === 1) return { loginName, direct: null };
  if (parts.length === 3) return { loginName, direct: { account: rest[0]!, asset: rest[1]!, protocol: null } };
  if (parts.length === 4) return { loginName, direct: { protocol: rest[0]!, account: rest[1]!, asset: rest[2]! } };
  throw malformed();
}

const malformed = (): Fault =>
  new Fault("invalid", "Use NAME, or NAME@ACCOUNT@ASSET to go to an asset at once, as the user name.");
