import type { Db } from "../../db/index.ts";

/** Whose factor it is and where they are. `db` is outside any transaction: what a proof spends stays spent. */
export interface FactorContext {
  readonly db: Db;
  readonly now: Date;
  readonly user: {
    readonly id: string;
    readonly loginName: string;
    readonly name: string;
    readonly email: string | null;
  };
  readonly address: string | null;
  /** The console's origin as the browser sees it; null over SSH. */
  readonly origin: string | null;
}

/** What the client is shown, and what must be remembered until the answer comes (sealed; never sent to the client). */
export interface Challenge {
  readonly shown: Readonly<Record<string, unknown>>;
  readonly memory?: unknown;
}

/** A kind of second factor; an entry of the list in index.ts. Counting failures is not its business. */
export interface Factor {
  readonly kind: string;
  readonly title: string;
  /** The prompt where only a line of text can be typed, as over SSH; null: it cannot be answered there. */
  readonly prompt: string | null;
  /** Whether the person can be asked for it now. */
  isReady(context: FactorContext): Promise<boolean>;
  /** Prepares a question; for what is mailed, sends it. */
  begin(context: FactorContext): Promise<Challenge>;
  /** Whether the answer (at most 16 KiB of text; JSON for passkeys) is right. The same proof is never right twice. */
  verify(context: FactorContext, answer: string, memory: unknown): Promise<boolean>;
  /** How a person sets it up; absent: nothing is to be set up. */
  readonly enrolment?: {
    begin(context: FactorContext): Promise<Challenge>;
    /** False: the answer does not show that it works. `once` is shown to the person a single time. */
    finish(
      context: FactorContext,
      answer: string,
      memory: unknown,
    ): Promise<{ readonly once?: Readonly<Record<string, unknown>> } | false>;
  };
}
