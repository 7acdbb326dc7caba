import type { z } from "zod";
import type { Db } from "../../../db/index.ts";
import type { AccessAction } from "../schema.ts";

/** What a rule is asked about, beside the person, the asset and the account. */
export interface Circumstances {
  /** The client's; null: unknown, which lies in no network. */
  readonly address: string | null;
  /** How the person connects: an entry of `CONNECT_METHODS`. */
  readonly method: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Rules that ask for a review and that a reviewer approved for this connection; absent: none. */
  readonly approved?: readonly string[];
}

/** The settings of a rule, ready to be asked often. */
export interface PreparedRule {
  applies(circumstances: Circumstances): boolean;
  /** The next moment at which `applies` may answer otherwise, in ms since 1970; null: none. */
  nextChange?(circumstances: Circumstances): number | null;
}

/** One kind of access rule. */
export interface AccessRuleKind<S extends z.ZodObject = z.ZodObject> {
  /** A word in kebab-case. */
  readonly kind: string;
  readonly title: string;
  /** What its rules can do. */
  readonly actions: readonly AccessAction[];
  readonly settings: S;
  /** For kinds that are asked before a session opens and while it lives. Absent: something else asks. */
  readonly connecting?: {
    /** Circumstances of which its rules cannot speak: its first active rule refuses, whomever it means. */
    isUnknown?(circumstances: Circumstances): boolean;
    /** Once for each rule that is read, however many connections it judges. */
    prepare(settings: z.output<S>): PreparedRule;
  };
  /** Writes what its settings point at; in the transaction that saves the rule. Fault `not_found`. */
  saved?(db: Db, rule: { readonly orgId: string; readonly id: string }, settings: z.output<S>): Promise<void>;
}

/** A kind of any shape, as the list holds it. */
// oxlint-disable-next-line typescript/no-explicit-any -- settings are checked by the kind's own schema
export type AnyAccessRuleKind = AccessRuleKind<any>;

/** Declares a kind. */
export const accessRuleKind = <S extends z.ZodObject>(kind: AccessRuleKind<S>): AccessRuleKind<S> => kind;
