import { z } from "zod";
import { endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Comment, Id, Moment, plain } from "../../core/fields.ts";

const Text = plain(z.string());
const Person = z.object({ id: Id, name: Text });

export const TicketState = z.enum(["pending", "approved", "rejected", "expired", "cancelled"]);
export type TicketState = z.output<typeof TicketState>;

/** In the shape of the ticket's kind. */
const Body = z.record(z.string().max(64), z.unknown());

export const Ticket = z.object({
  id: Id,
  kind: Text,
  title: Text,
  reason: Text,
  body: Body,
  /** What was approved, where it is less than what was asked for. */
  given: Body.nullable(),
  askedBy: Person,
  /** Who may decide: as they were when it was asked. */
  reviewers: z.array(Person),
  state: TicketState,
  /** Null: it is owed until it is decided. */
  expiresAt: Moment.nullable(),
  createdAt: Moment,
  decidedAt: Moment.nullable(),
  decidedBy: Person.nullable(),
  comment: Text,
  /** Whether whoever reads it may decide it, or take it back, now. */
  mayDecide: z.boolean(),
  mayCancel: z.boolean(),
});
export type Ticket = z.output<typeof Ticket>;

const filters = { state: TicketState.optional(), kind: plain(z.string().max(64)).optional() };
const one = z.object({ id: Id });

export const listTickets = endpoint({
  route: "GET /tickets",
  name: "ticket.list",
  title: "List the requests of the organization, newest first",
  input: listInput(filters),
  output: listOutput(Ticket),
});

export const readTicket = endpoint({
  route: "GET /tickets/:id",
  name: "ticket.read",
  title: "Read one request",
  input: one,
  output: Ticket,
});

export const listMyTickets = endpoint({
  route: "GET /me/tickets",
  name: "me.ticket.list",
  title: "List the requests that one asked, or that one is a reviewer of, newest first",
  input: listInput({ as: z.enum(["asker", "reviewer"]).default("asker"), ...filters }),
  output: listOutput(Ticket),
});

export const readMyTicket = endpoint({
  route: "GET /me/tickets/:id",
  name: "me.ticket.read",
  title: "Read a request that one asked or is a reviewer of",
  input: one,
  output: Ticket,
});

export const approveTicket = endpoint({
  route: "POST /me/tickets/:id/approve",
  name: "me.ticket.approve",
  title: "Approve a request that one is a reviewer of, as it was asked or less",
  input: z.object({
    id: Id,
    comment: Comment.default(""),
    /** What is given instead of what was asked for: less, in the shape of the kind. */
    body: Body.optional(),
  }),
  output: Ticket,
});

export const rejectTicket = endpoint({
  route: "POST /me/tickets/:id/reject",
  name: "me.ticket.reject",
  title: "Reject a request that one is a reviewer of",
  input: z.object({ id: Id, comment: Comment.default("") }),
  output: Ticket,
});

export const cancelTicket = endpoint({
  route: "POST /me/tickets/:id/cancel",
  name: "me.ticket.cancel",
  title: "Take back a request that one asked",
  input: one,
  output: Ticket,
});
