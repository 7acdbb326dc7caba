import type { z } from "zod";
import { type Actor, Fault, newId, redact, type Runtime } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { TicketKind, TicketPerson } from "./kind.ts";
import type { Tell } from "./tell.ts";
import { activeMembers, insertTicket } from "./ticket.store.ts";

const MOST_REVIEWERS = 200;

/** A request before it is stored. */
export interface Asking<B extends z.ZodType> {
  /** What it is about, on one line; what is longer than 200 characters is cut. */
  readonly title: string;
  /** Why, in the asker's words, at most 2,000 characters. */
  readonly reason: string;
  readonly body: z.input<B>;
  /** Ids of users: of them those decide who are active members now, are people and are not the asker; at most 200, by name. */
  readonly reviewers: readonly string[];
  /** Until when somebody has to decide; null for a kind that is owed, and for no other. */
  readonly expiresAt: Date | null;
}

/** What was asked, and of whom. */
export interface Asked {
  readonly id: string;
  readonly reviewers: readonly TicketPerson[];
}

export function createAskTicket({ runtime, tell }: { runtime: Runtime<Db>; tell: Tell }) {
  /**
   * Asks in the transaction of `db`, in the organization of the actor, who is the asker; the reviewers are told by mail
   * after the commit. Fault `denied` when nobody is left who could decide: whatever waits for it stays refused.
   */
  return async function askTicket<B extends z.ZodType>(
    db: Db,
    actor: Actor,
    kind: TicketKind<B>,
    { title, reason, body, reviewers, expiresAt }: Asking<B>,
  ): Promise<Asked> {
    const { id: askerId, orgId } = actor;
    if (actor.kind !== "person" || !askerId || !orgId) throw new Error("Only a person in an organization asks");
    if ((expiresAt === null) !== (kind.owed ?? false)) throw new Error("What is not owed expires, and nothing else");
    const now = runtime.now();
    if (expiresAt !== null && expiresAt <= now) throw new Fault("invalid", "expiresAt: the end lies in the past.");
    const parsed = kind.body.safeParse(body);
    if (!parsed.success) throw new Fault("invalid", parsed.error.issues[0]?.message ?? "Invalid request.");
    const others = reviewers.filter((reviewer) => reviewer !== askerId);
    const able = await activeMembers(db, orgId, others, now, MOST_REVIEWERS);
    if (able.length === 0) {
      throw new Fault(
        "denied",
        "Nobody could decide this request: no reviewer but yourself is active. Ask an administrator to name reviewers.",
      );
    }
    const id = newId();
    const line = title.replace(/\s+/g, " ").trim().slice(0, 200).toWellFormed();
    const askedBy = { id: askerId, name: actor.name };
    await insertTicket(db, {
      id,
      orgId,
      kind: kind.key,
      title: line,
      reason: reason.slice(0, 2000).toWellFormed(),
      body: parsed.data,
      askedBy,
      reviewers: able.map((one) => one.id),
      expiresAt,
      now,
    });
    await runtime.record(db, {
      action: "ticket.ask",
      actor,
      outcome: "ok",
      target: { kind: "ticket", id, name: line },
      fields: { kind: kind.key, reason, body: redact(kind.body, parsed.data), reviewers: able.map(({ name }) => name) },
    });
    await tell.asked(db, { id, orgId, title: line, asker: actor.name, reason, reviewers: able, expiresAt });
    return { id, reviewers: able };
  };
}
