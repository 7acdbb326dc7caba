import type { z } from "zod";
import type { Db } from "../../db/index.ts";
import type { TicketState } from "./schema.ts";

/** A user as a ticket remembers one: the name as it was then. */
export interface TicketPerson {
  readonly id: string;
  readonly name: string;
}

/** A ticket as its kind sees it. */
export interface AskedTicket<B> {
  readonly id: string;
  readonly orgId: string;
  readonly title: string;
  readonly reason: string;
  /** As it was asked for. */
  readonly body: B;
  readonly askedBy: TicketPerson;
  readonly expiresAt: Date | null;
}

/** How a ticket ended. */
export interface TicketOutcome<B> {
  readonly state: Exclude<TicketState, "pending">;
  /** What was approved: what was asked for, or less; as asked for where it was not approved. */
  readonly body: B;
  /** Null when it expired, or when the program took it back. */
  readonly by: TicketPerson | null;
  readonly comment: string;
}

/** What the work of a decision is given: `db` is inside the transaction that also commits the decision and its event. */
export interface Deciding {
  readonly db: Db;
  readonly now: Date;
}

/** A kind of ticket: what may be asked for, and what a decision does. */
export interface TicketKind<B extends z.ZodType = z.ZodType> {
  /** A word in kebab-case. */
  readonly key: string;
  /** In English; the console has its own words for the key. */
  readonly title: string;
  /** What is asked for, at most 65,536 characters of JSON. No secret: reviewers and auditors read it. */
  readonly body: B;
  /**
   * A review that is owed: it does not expire, who asked cannot take it back, and it is decided even if they have left.
   * Any other kind needs an end, and is approved only while who asked is active in the organization.
   */
  readonly owed?: boolean;
  /**
   * Checks what a reviewer wants to give instead, and returns what is given. Fault `invalid` for more than was asked for.
   * Absent: it is given as asked for, or not at all.
   */
  narrow?(
    context: Deciding & { readonly orgId: string },
    asked: z.output<B>,
    wanted: z.output<B>,
  ): Promise<z.output<B>> | z.output<B>;
  /** Called once, when it has ended, however it ended. What it throws undoes the decision; a Fault is told to the reviewer. */
  decided?(context: Deciding, ticket: AskedTicket<z.output<B>>, outcome: TicketOutcome<z.output<B>>): Promise<void>;
}

/** A kind of any shape, as lists hold it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the body is checked by the kind's own schema before it is used
export type AnyTicketKind = TicketKind<any>;

/** Declares a kind of ticket. Throws at start-up when the key is no word. */
export function ticketKind<B extends z.ZodType>(kind: TicketKind<B>): TicketKind<B> {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(kind.key)) throw new Error(`Not a key of a ticket: ${kind.key}`);
  return kind;
}
