import { type Actor, Fault, notFound } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { conclude, decide, type DecideDeps, lockSeen, mustBeThePerson } from "./decide.ts";
import type { KnownKinds } from "./known.ts";
import * as schema from "./schema.ts";
import type { Ticket } from "./schema.ts";
import { findTicket, listRows, type Row, type Sight } from "./ticket.store.ts";

const sightOf = (actor: Actor, as: Sight["as"]): Sight => ({
  orgId: actor.orgId ?? "",
  as,
  userId: actor.id ?? "",
});

const ofOrganization = ({ orgId }: Actor): Sight => ({ orgId: orgId ?? "", as: "anybody", userId: "" });

function toTicket(row: Row, { actor, now, kinds }: { actor: Actor; now: Date; kinds: KnownKinds }): Ticket {
  const over = row.state === "pending" && row.expires_at !== null && row.expires_at <= now;
  const waits = row.state === "pending" && !over;
  const owed = kinds.find(row.kind)?.owed ?? false;
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    reason: row.reason,
    body: row.body as Ticket["body"],
    given: row.given as Ticket["given"],
    askedBy: { id: row.asked_by, name: row.asked_by_name },
    reviewers: row.people,
    state: over ? "expired" : (row.state as Ticket["state"]),
    expiresAt: row.expires_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    decidedAt: row.decided_at?.toISOString() ?? null,
    decidedBy: row.decided_by === null ? null : { id: row.decided_by, name: row.decided_by_name ?? "" },
    comment: row.comment,
    mayDecide: waits && actor.id !== row.asked_by && row.reviewers.includes(actor.id ?? ""),
    mayCancel: waits && !owed && actor.id === row.asked_by,
  };
}

/** Reading tickets, deciding those one reviews, taking back one's own. */
export function ticketActions(deps: DecideDeps) {
  const { kinds } = deps;

  async function seen(db: Db, sight: Sight, id: string, seeing: { actor: Actor; now: Date }): Promise<Ticket> {
    const row = await findTicket(db, sight, id);
    if (!row) throw notFound("request");
    return toTicket(row, { ...seeing, kinds });
  }
  const mine = (db: Db, id: string, actor: Actor, now: Date) => seen(db, sightOf(actor, "either"), id, { actor, now });

  const verdict = (endpoint: typeof schema.approveTicket | typeof schema.rejectTicket, approve: boolean) =>
    serve(endpoint, {
      access: "signed-in",
      async run(context, input) {
        const { db, actor, now, about, note } = context;
        const row = await lockSeen(context, input.id);
        about({ kind: "ticket", id: row.id, name: row.title });
        const body = "body" in input ? input.body : undefined;
        note(await decide(deps, context, row, { approve, comment: input.comment, body }));
        return mine(db, row.id, actor, now);
      },
    });

  return [
    serve(schema.listTickets, {
      access: "granted",
      async run({ db, actor, now }, input) {
        const { items, next } = await listRows(db, ofOrganization(actor), input, now);
        return { items: items.map((row) => toTicket(row, { actor, now, kinds })), next };
      },
    }),
    serve(schema.readTicket, {
      access: "granted",
      run: ({ db, actor, now }, { id }) => seen(db, ofOrganization(actor), id, { actor, now }),
    }),
    serve(schema.listMyTickets, {
      access: "signed-in",
      async run({ db, actor, now }, { as, ...filter }) {
        const { items, next } = await listRows(db, sightOf(actor, as), filter, now);
        return { items: items.map((row) => toTicket(row, { actor, now, kinds })), next };
      },
    }),
    serve(schema.readMyTicket, {
      access: "signed-in",
      run: ({ db, actor, now }, { id }) => mine(db, id, actor, now),
    }),
    verdict(schema.approveTicket, true),
    verdict(schema.rejectTicket, false),
    serve(schema.cancelTicket, {
      access: "signed-in",
      async run(context, { id }) {
        const { db, actor, now, about, note } = context;
        const row = await lockSeen(context, id);
        about({ kind: "ticket", id, name: row.title });
        const person = mustBeThePerson(actor);
        if (row.asked_by !== person.id) throw new Fault("denied", "Only who asked takes a request back.");
        if (kinds.find(row.kind)?.owed) throw new Fault("conflict", "This review is owed and cannot be taken back.");
        await conclude(deps, context, row, { state: "cancelled", by: person, comment: "" });
        note({ kind: row.kind });
        return mine(db, id, actor, now);
      },
    }),
  ];
}
