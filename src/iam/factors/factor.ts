import type { Db, Sealer } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";

/** What kinds of second factors may work with. */
export interface FactorDeps {
  readonly sealer: Sealer;
  readonly platform: Pick<Platform, "settings" | "notify" | "mailIsConfigured">;
}

/** Whose factor it is and where they are. `db` is outside any transaction: what a proof spends stays spent. */
export interface FactorContext {
  readonly db: Db;
  readonly now: Date;
  readonly user: {
    readonly id: string;
    readonly loginName: string;
    readonly name: string;
    readonly email: string | null;
    /** The organization they enter first. */
    readonly orgId: string;
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

/** One thing of a kind that somebody has, as lists show it. */
export interface Kept {
  readonly id: string;
  /** What the person calls it; "": there is only one of the kind. */
  readonly name: string;
  readonly createdAt: Date;
  readonly usedAt: Date | null;
}

/** A kind of second factor; an entry of the list in index.ts. Counting failures is not its business. */
export interface Factor {
  readonly kind: string;
  readonly title: string;
  /** The prompt where only a line of text can be typed, as over SSH; null: it cannot be answered there. */
  readonly prompt: string | null;
  /** What a typed answer looks like, where one prompt takes several kinds; absent: it may be anything. */
  readonly looksLike?: RegExp;
  /** True: it stands in for another, and is not one to have alone. */
  readonly spare?: true;
  /** Whether the person can be asked for it now. */
  isReady(context: FactorContext): Promise<boolean>;
  /** Whether it may be asked for where a second factor is forced and the person has none; absent: no. */
  isFallback?(context: FactorContext): Promise<boolean>;
  /** Prepares a question; for what is mailed, sends it. Fault `too_many`: not now. */
  begin(context: FactorContext): Promise<Challenge>;
  /** Whether the answer (at most 16 KiB of text; JSON for passkeys) is right. The same proof is never right twice. */
  verify(context: FactorContext, answer: string, memory: unknown): Promise<boolean>;
  /** How a person sets it up; absent: nothing is to be set up. */
  readonly enrolment?: {
    /** Whether it can be set up now; absent: always. */
    isOpen?(context: FactorContext): Promise<boolean>;
    begin(context: FactorContext): Promise<Challenge>;
    /** False: the answer does not show that it works. `once` is shown to the person a single time. */
    finish(
      context: FactorContext,
      answer: string,
      memory: unknown,
    ): Promise<{ readonly once?: Readonly<Record<string, unknown>> } | false>;
  };
  /** What is stored for people; absent: nothing of ours. A reset by an administrator forgets all of it. */
  readonly kept?: {
    /** At most 100. */
    list(db: Db, userId: string): Promise<readonly Kept[]>;
    /** Forgets one of a person's, or all; how many there were. */
    forget(db: Db, userId: string, id?: string): Promise<number>;
  };
}
