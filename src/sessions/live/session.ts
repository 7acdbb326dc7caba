import { type Actor, Fault, notFound } from "../../core/index.ts";
import { type Db, notify, serve } from "../../db/index.ts";
import { decide, notAllowed } from "../../assets/index.ts";
import { type Ticket, writeTicket } from "../control/ticket.store.ts";
import * as schema from "../schema.ts";
import type { Session } from "../schema.ts";
import { leastBusyGateway } from "./gateway.store.ts";
import { findSession, listSessions, liveGateway, orderEnd } from "./session.store.ts";

/** The channel on which a gateway hears that it must end a session. */
export const TERMINATE = "session_terminate";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

async function visibleSession(db: Db, actor: Actor, id: string): Promise<Session> {
  const session = await findSession(db, orgOf(actor), id);
  if (!session) throw notFound("session");
  return session;
}

const title = (session: Session): string => `${session.account.name}@${session.asset.name}`;

function personOf(actor: Actor): Ticket["person"] {
  if (!actor.id || !actor.orgId) throw new Fault("unauthenticated", "Sign in first.");
  return {
    id: actor.id,
    name: actor.name,
    orgId: actor.orgId,
    address: actor.address,
    signInId: actor.signInId,
    apiKeyId: actor.apiKey?.id ?? null,
  };
}

const list = serve(schema.listSessions, {
  access: "granted",
  run: ({ db, actor }, input) => listSessions(db, orgOf(actor), input),
});

const listMine = serve(schema.listMySessions, {
  access: "signed-in",
  run: ({ db, actor }, input) => listSessions(db, orgOf(actor), { ...input, userId: personOf(actor).id }),
});

const read = serve(schema.readSession, {
  access: "granted",
  run: ({ db, actor }, { id }) => visibleSession(db, actor, id),
});

const terminate = serve(schema.terminateSession, {
  access: "granted",
  async run({ db, actor, about }, { id, reason }) {
    const session = await visibleSession(db, actor, id);
    about({ kind: "session", id, name: title(session) });
    if (session.state === "ended") throw new Fault("conflict", "The session has ended already.");
    const words = reason ? `${actor.name} ended this session: ${reason}` : `${actor.name} ended this session.`;
    await orderEnd(db, id, words);
    await notify(db, TERMINATE, { sessionId: id });
    return session;
  },
});

const open = serve(schema.openTerminal, {
  access: "signed-in",
  async run({ db, actor, now, about, deliver }, { assetId, accountId, protocol, cols, rows }) {
    const person = personOf(actor);
    const asset = await db
      .selectFrom("asset")
      .select("name")
      .where("org_id", "=", person.orgId)
      .where("id", "=", assetId)
      .executeTakeFirst();
    about({ kind: "asset", id: assetId, name: asset?.name ?? "" });
    const subject = { orgId: person.orgId, userId: person.id, assetId, accountId };
    const [decision] = await decide(db, [{ ...subject, protocol, action: "connect" }], now);
    if (!decision?.allowed) throw notAllowed();
    const gateway = await leastBusyGateway(db);
    if (!gateway) throw new Fault("unavailable", "No gateway is running at this moment. Try again in a few seconds.");
    const ticket = await writeTicket(db, gateway.id, {
      kind: "open",
      person,
      assetId,
      accountId,
      protocol,
      cols,
      rows,
    });
    deliver({ kind: "relay", address: gateway.address, ticket });
    return {};
  },
});

async function liveAt(
  db: Db,
  actor: Actor,
  id: string,
): Promise<{ gatewayId: string; address: string; userId: string }> {
  const place = await liveGateway(db, orgOf(actor), id);
  if (!place) throw new Fault("conflict", "The session has ended.");
  return place;
}

const resume = serve(schema.resumeTerminal, {
  access: "signed-in",
  async run({ db, actor, about, deliver }, { id, cols, rows }) {
    const person = personOf(actor);
    const session = await visibleSession(db, actor, id);
    if (session.user.id !== person.id) throw notFound("session");
    about({ kind: "session", id, name: title(session) });
    const { gatewayId, address } = await liveAt(db, actor, id);
    deliver({
      kind: "relay",
      address,
      ticket: await writeTicket(db, gatewayId, { kind: "resume", person, sessionId: id, cols, rows }),
    });
    return {};
  },
});

const watch = serve(schema.watchSession, {
  access: "granted",
  async run({ db, actor, about, deliver }, { id }) {
    const session = await visibleSession(db, actor, id);
    about({ kind: "session", id, name: title(session) });
    const { gatewayId, address } = await liveAt(db, actor, id);
    deliver({
      kind: "relay",
      address,
      ticket: await writeTicket(db, gatewayId, { kind: "watch", person: personOf(actor), sessionId: id }),
    });
    return {};
  },
});

export const sessionActions = () => [list, listMine, read, terminate, open, resume, watch];
