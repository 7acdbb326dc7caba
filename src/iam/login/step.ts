import type { Level } from "./candidate.ts";

/** All that decides what comes next on the way in. */
export interface Facts {
  /** What was proved so far, in order. */
  readonly proofs: readonly string[];
  readonly level: Level;
  /** The kinds that count as a second factor, and whether the person can give them now. */
  readonly factors: readonly { readonly kind: string; readonly ready: boolean; readonly canEnrol: boolean }[];
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
    const ready = factors.filter((factor) => factor.ready).map(({ kind }) => kind);
    if (ready.length > 0) return { step: "second-factor", kinds: ready };
    const enrollable = factors.filter(({ canEnrol }) => canEnrol).map(({ kind }) => kind);
    if (level === "forced") return { step: "enrol", kinds: enrollable };
  }
  if (newPassword && proofs.includes("password")) return { step: "new-password", because: newPassword };
  return { step: "done" };
}
