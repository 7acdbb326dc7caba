import { notFound } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { TicketPerson } from "./kind.ts";
import type { TicketState } from "./schema.ts";

/** A signal may be missed while the connection of signals is down; then this finds the decision. */
const LOOK_MS = 3_000;

/** Where a ticket stands. */
export interface TicketStanding {
  readonly state: TicketState;
  /** What was approved, in the shape of the kind; as asked for while it is not. */
  readonly body: unknown;
  readonly by: TicketPerson | null;
  readonly comment: string;
}

/** What waits in this process for tickets to be decided. */
export interface Waiting {
  /**
   * Resolves once the ticket has ended, or with state `pending` after `timeoutMs`: then decide what becomes of it, the
   * ticket itself still waits. Rejects with the signal's reason when it is aborted, with Fault `not_found` for no ticket.
   */
  waitForDecision(
    ticket: { readonly id: string; readonly orgId: string },
    how: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<TicketStanding>;
  /** What hears of signals. */
  readonly listener: { notified(id: unknown): void; reconnected(): void };
}

export function createWaiting({ db, now }: { db: Db; now: () => Date }): Waiting {
  const sleepers = new Map<string, Set<() => void>>();

  async function standing({ id, orgId }: { id: string; orgId: string }): Promise<TicketStanding> {
    const row = await db
      .selectFrom("ticket")
      .select(["state", "body", "given", "decided_by", "decided_by_name", "comment", "expires_at"])
      .where("id", "=", id)
      .where("org_id", "=", orgId)
      .executeTakeFirst();
    if (!row) throw notFound("request");
    const over = row.state === "pending" && row.expires_at !== null && row.expires_at <= now();
    return {
      state: over ? "expired" : (row.state as TicketState),
      body: row.given ?? row.body,
      by: row.decided_by === null ? null : { id: row.decided_by, name: row.decided_by_name ?? "" },
      comment: row.comment,
    };
  }

  /** `woken` resolves when somebody rings for the ticket, the time is over, the signal is aborted, or with `leave`. */
  function sleep(id: string, ms: number, signal: AbortSignal | undefined) {
    const { promise: woken, resolve } = Promise.withResolvers<void>();
    const beds = sleepers.get(id) ?? new Set();
    const leave = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      beds.delete(leave);
      if (beds.size === 0 && sleepers.get(id) === beds) sleepers.delete(id);
      resolve();
    };
    const timer = setTimeout(leave, ms);
    signal?.addEventListener("abort", leave, { once: true });
    sleepers.set(id, beds.add(leave));
    return { woken, leave };
  }

  return {
    async waitForDecision(ticket, { timeoutMs, signal }) {
      const end = performance.now() + timeoutMs;
      for (;;) {
        signal?.throwIfAborted();
        // It sleeps before it looks, so that a decision between the two is heard.
        const { woken, leave } = sleep(ticket.id, Math.max(1, Math.min(LOOK_MS, end - performance.now())), signal);
        try {
          const found = await standing(ticket);
          if (found.state !== "pending" || performance.now() >= end) return found;
          await woken;
        } finally {
          leave();
        }
      }
    },
    listener: {
      notified: (id) => [...(sleepers.get(String(id)) ?? [])].forEach((wake) => wake()),
      reconnected: () => [...sleepers.values()].forEach((beds) => [...beds].forEach((wake) => wake())),
    },
  };
}
