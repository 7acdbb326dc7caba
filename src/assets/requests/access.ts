import { Fault } from "../../core/index.ts";
import { type AskedTicket, type Deciding, ticketKind, type TicketOutcome } from "../../platform/index.ts";
import { stillMatched } from "./match.ts";
import { insertRequestedGrant, switchOffGrant } from "./request.store.ts";
import { AccessBody } from "./schema.ts";

/** Whatever a reviewer gives is part of what was asked for. Fault `invalid` for anything more. */
function narrowed(asked: AccessBody, wanted: AccessBody): AccessBody {
  const more = (what: string): Fault =>
    new Fault("invalid", `body.${what}: that is more than was asked for. Give the same or less.`);
  const within = (field: "assets" | "nodes") => {
    const ids = new Set(wanted[field].map(({ id }) => id));
    const kept = asked[field].filter(({ id }) => ids.has(id));
    if (kept.length < ids.size) throw more(field);
    return kept;
  };
  const [assets, nodes] = [within("assets"), within("nodes")];
  if (assets.length + nodes.length === 0) throw new Fault("invalid", "body.assets: keep something, or reject it.");
  for (const field of ["accounts", "actions"] as const) {
    const given: readonly string[] = asked[field];
    if (wanted[field].some((one) => !given.includes(one))) throw more(field);
  }
  if (wanted.startsAt !== asked.startsAt) throw more("startsAt");
  if (wanted.minutes > asked.minutes) throw more("minutes");
  return {
    ...asked,
    assets,
    nodes,
    accounts: asked.accounts.filter((one) => wanted.accounts.includes(one)),
    actions: asked.actions.filter((one) => wanted.actions.includes(one)),
    minutes: wanted.minutes,
  };
}

/** From when to when something approved at `now` holds. */
export function windowOf({ startsAt, minutes }: Pick<AccessBody, "startsAt" | "minutes">, now: Date) {
  const from = startsAt === null ? now : new Date(startsAt);
  return { startsAt: from > now ? from : now, expiresAt: new Date(from.getTime() + minutes * 60_000) };
}

/** The end of an id of version 7 is random. */
export const grantName = (what: string, person: string, ticketId: string): string =>
  `${what}: ${person.slice(0, 90)} ${ticketId.slice(-12)}`.toWellFormed();

async function open({ db, now }: Deciding, ticket: AskedTicket<AccessBody>, { body, by }: TicketOutcome<AccessBody>) {
  const { startsAt, expiresAt } = windowOf(body, now);
  if (expiresAt <= now) throw new Fault("conflict", "The time that was asked for is over. Reject the request.");
  const asker = { orgId: ticket.orgId, userId: ticket.askedBy.id, breakGlass: false };
  const still = await stillMatched(db, asker, body);
  if (!still) {
    throw new Fault(
      "conflict",
      `The request rule ${body.rule.name} does not let ${ticket.askedBy.name} ask you for all of this any more. Reject the request.`,
    );
  }
  const made = await insertRequestedGrant(db, {
    orgId: ticket.orgId,
    ticketId: ticket.id,
    name: grantName("Request", ticket.askedBy.name, ticket.id),
    comment: `Approved by ${by?.name ?? "the program"}. ${ticket.reason}`.slice(0, 2000).toWellFormed(),
    userId: ticket.askedBy.id,
    body: { ...body, assets: [...still.assets], nodes: [...still.nodes] },
    startsAt,
    expiresAt,
  });
  if (!made) throw new Fault("conflict", "Nothing of what was asked for is there any more. Reject the request.");
}

/** Access for some time: an approval makes a permission rule that ends by itself. */
export const accessKind = ticketKind({
  key: "access",
  title: "Access to assets",
  body: AccessBody,
  narrow: (_, asked, wanted) => narrowed(asked, wanted),
  decided: async (context, ticket, outcome) => {
    if (outcome.state === "approved") await open(context, ticket, outcome);
  },
});

/** The review that is owed after glass was broken. Rejecting it ends what is still open. */
export const breakGlassKind = ticketKind({
  key: "break-glass",
  title: "Review of broken glass",
  body: AccessBody,
  owed: true,
  decided: async ({ db, now }, { id, orgId }, { state }) => {
    if (state !== "approved") await switchOffGrant(db, orgId, id, now);
  },
});
