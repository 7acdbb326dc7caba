import { Fault } from "../../core/index.ts";
import type { AnyTicketKind, AskedTicket } from "./kind.ts";
import type { LockedRow } from "./ticket.store.ts";

/** The kinds of tickets that the domains above have told. */
export interface KnownKinds {
  /** Called by each domain while the program is put together. Throws when two kinds share a key. */
  learn(kinds: readonly AnyTicketKind[]): void;
  find(key: string): AnyTicketKind | undefined;
  /** Fault `unavailable` when no domain of this version knows it. */
  get(key: string): AnyTicketKind;
}

export function createKnownKinds(): KnownKinds {
  const known = new Map<string, AnyTicketKind>();
  return {
    learn(kinds) {
      for (const kind of kinds) {
        if (known.has(kind.key)) throw new Error(`Two kinds of tickets share the key ${kind.key}`);
        known.set(kind.key, kind);
      }
    },
    find: (key) => known.get(key),
    get(key) {
      const kind = known.get(key);
      if (!kind) {
        throw new Fault("unavailable", `This version cannot carry out requests of the kind "${key}". Reject it.`);
      }
      return kind;
    },
  };
}

/** The row as its kind sees it. */
export const asAsked = (row: LockedRow, body: unknown): AskedTicket<unknown> => ({
  id: row.id,
  orgId: row.org_id,
  title: row.title,
  reason: row.reason,
  body,
  askedBy: { id: row.asked_by, name: row.asked_by_name },
  expiresAt: row.expires_at,
});
