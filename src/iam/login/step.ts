import type { Level } from "./candidate.ts";

/** All that decides what comes next on the way in. */
export interface Facts {
  /** What was proved so far, in order. */
  readonly proofs: readonly string[];
  readonly level: Level;
  /** The kinds that count as a second factor. */
  readonly factors: readonly {
    readonly kind: string;
    /** Whether the person can give it now. */
    readonly ready: boolean;
    /** Whether it may be asked for where one is forced and the person has none. */
    readonly fallback: boolean;
    readonly canEnrol: boolean;
  }[];
  /** Why the password must be changed; null: it need not. */
  readonly newPassword: NewPasswordReason | null;
}

export type NewPasswordReason = "asked" | "expired" | "weak";

export type Next =
  | { readonly step: "second-factor"; readonly kinds: readonly string[] }
  | { readonly step: "enrol"; readonly kinds: readonly string[] }
  | { readonly step: "new-password"; readonly because: NewPasswordReason }
  | { readonly step: "done" };

/**
 * The way in as a state machine, from the first proof to the session; the same for console, API and SSH. Second factor
 * first, so that a stolen password changes nothing; a factor may be set up only by who cannot be asked for another.
 */
export function nextStep({ proofs, level, factors, newPassword }: Facts): Next {
  const proved = factors.some(({ kind }) => proofs.includes(kind));
  if (!proved && level !== "off") {
    const kindsWhere = (holds: "ready" | "fallback" | "canEnrol"): string[] =>
      factors.filter((factor) => factor[holds]).map(({ kind }) => kind);
    const ready = kindsWhere("ready");
    if (ready.length > 0) return { step: "second-factor", kinds: ready };
    const fallback = level === "forced" ? kindsWhere("fallback") : [];
    if (fallback.length > 0) return { step: "second-factor", kinds: fallback };
    if (level === "forced") return { step: "enrol", kinds: kindsWhere("canEnrol") };
  }
  if (newPassword && proofs.includes("password")) return { step: "new-password", because: newPassword };
  return { step: "done" };
}
