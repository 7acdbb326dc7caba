import { type Actor, Fault, notFound, redact } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { asAsked, type KnownKinds } from "./known.ts";
import type { AnyTicketKind } from "./kind.ts";
import type { Tell } from "./tell.ts";
import { activeMembers, type Ending, endTicket, type LockedRow, lockTicket } from "./ticket.store.ts";

export interface DecideDeps {
  readonly kinds: KnownKinds;
  readonly tell: Tell;
}

interface Place {
  readonly db: Db;
  readonly actor: Actor;
  readonly now: Date;
}

/** Who decides or takes back is a person at the console; a key may stand in a script that approves everything. */
export function mustBeThePerson(actor: Actor): { readonly id: string; readonly orgId: string; readonly name: string } {
  if (actor.kind !== "person" || !actor.id || !actor.orgId) throw new Fault("unauthenticated", "Sign in first.");
  if (actor.apiKey) throw new Fault("denied", "Requests are decided by people who are signed in, not with API keys.");
  return { id: actor.id, orgId: actor.orgId, name: actor.name };
}

/** Locks a pending ticket that the person asked or reviews. Fault `not_found`, or `conflict` that says who was faster. */
export async function lockSeen({ db, actor, now }: Place, id: string): Promise<LockedRow> {
  const person = mustBeThePerson(actor);
  const row = await lockTicket(db, person.orgId, id);
  if (!row || !(row.asked_by === person.id || row.reviewers.includes(person.id))) throw notFound("request");
  mustWait(row, now);
  return row;
}

const DID = { approved: "approved it", rejected: "rejected it", cancelled: "took it back", expired: "" } as const;

function mustWait(row: LockedRow, now: Date): void {
  if (row.state === "expired" || (row.state === "pending" && row.expires_at !== null && row.expires_at <= now)) {
    throw new Fault("conflict", "This request has expired: nobody decided it in time. Ask for it anew.", {
      state: "expired",
    });
  }
  if (row.state === "pending") return;
  const state = row.state as keyof typeof DID;
  const by = row.decided_by_name;
  throw new Fault("conflict", `This request is decided already: ${by ?? "the program"} ${DID[state]}.`, {
    state,
    by,
    at: row.decided_at?.toISOString() ?? null,
  });
}

/** Writes the end, carries it out, tells the asker: all in the transaction of `db`. */
export async function conclude(
  { kinds, tell }: DecideDeps,
  { db, now }: Pick<Place, "db" | "now">,
  row: LockedRow,
  ending: Omit<Ending, "now">,
): Promise<void> {
  await endTicket(db, row.id, { ...ending, now });
  const { state, by, comment, given } = ending;
  const outcome = { state, by, comment, body: given ?? row.body };
  await kinds.find(row.kind)?.decided?.({ db, now }, asAsked(row, row.body), outcome);
  const ticket = { id: row.id, orgId: row.org_id, title: row.title, askedBy: row.asked_by };
  await tell.decided(db, ticket, { ...outcome, less: given !== undefined });
}

/** Takes back a ticket for the program: whoever waited for it is gone. False when it had ended. */
export async function withdraw(
  deps: DecideDeps,
  { db, now, orgId }: { readonly db: Db; readonly now: Date; readonly orgId: string },
  id: string,
): Promise<boolean> {
  const row = await lockTicket(db, orgId, id);
  if (row?.state !== "pending") return false;
  await conclude(deps, { db, now }, row, { state: "cancelled", by: null, comment: "" });
  return true;
}

/** What is given; undefined: as asked for. */
async function narrowed(kind: AnyTicketKind, { db, now }: Place, row: LockedRow, wanted: unknown): Promise<unknown> {
  if (wanted === undefined) return undefined;
  if (!kind.narrow) throw new Fault("invalid", "body: this request can only be approved as it was asked.");
  const parsed = kind.body.safeParse(wanted);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Fault("invalid", `body.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "Invalid."}`);
  }
  const given: unknown = await kind.narrow({ db, now, orgId: row.org_id }, row.body, parsed.data);
  return JSON.stringify(given) === JSON.stringify(row.body) ? undefined : given;
}

/** A reviewer approves or rejects; returns what is to stand in the event. */
export async function decide(
  deps: DecideDeps,
  place: Place,
  row: LockedRow,
  { approve, comment, body }: { readonly approve: boolean; readonly comment: string; readonly body?: unknown },
): Promise<Readonly<Record<string, unknown>>> {
  const { db, actor, now } = place;
  const person = mustBeThePerson(actor);
  if (row.asked_by === person.id) throw new Fault("denied", "You asked for this yourself: somebody else decides it.");
  const [self] = await activeMembers(db, row.org_id, [person.id], now, 1);
  if (!self) throw new Fault("denied", "You are no active member of this organization any more.");
  const ending = { by: { id: person.id, name: person.name }, comment };
  if (!approve) {
    await conclude(deps, place, row, { ...ending, state: "rejected" });
    return { kind: row.kind };
  }
  const kind = deps.kinds.get(row.kind);
  if (!kind.owed && (await activeMembers(db, row.org_id, [row.asked_by], now, 1)).length === 0) {
    throw new Fault("conflict", `${row.asked_by_name} is no active member any more. Reject the request.`);
  }
  const given = await narrowed(kind, place, row, body);
  await conclude(deps, place, row, { ...ending, state: "approved", given });
  return { kind: row.kind, given: redact(kind.body, given ?? row.body) };
}
