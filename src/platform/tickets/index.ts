import { type Actor, type AnyAction, type Runtime, systemActor } from "../../core/index.ts";
import type { Database, Db } from "../../db/index.ts";
import type { createNotify } from "../notifications/notify.ts";
import { createAskTicket } from "./ask.ts";
import { withdraw } from "./decide.ts";
import { ticketExpiry } from "./expire.ts";
import { createKnownKinds } from "./known.ts";
import { ticketAskedMail, ticketDecidedMail } from "./messages.ts";
import { createTell } from "./tell.ts";
import { ticketActions } from "./ticket.ts";
import { createWaiting } from "./waiting.ts";

/** Requests that somebody decides. */
export function createTickets(deps: {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly notify: ReturnType<typeof createNotify>;
  readonly mailIsConfigured: (db?: Db) => Promise<boolean>;
  readonly consoleOrigin: string | null;
}) {
  const { database, runtime } = deps;
  const kinds = createKnownKinds();
  const tell = createTell(deps);
  const deciding = { kinds, tell };
  const expiry = ticketExpiry({ ...deciding, database, runtime });
  const waiting = createWaiting({ db: database.db, now: runtime.now });
  return {
    actions: ticketActions(deciding) as AnyAction<Db>[],
    kind: expiry.kind,
    schedule: expiry.schedule,
    templates: [ticketAskedMail, ticketDecidedMail],
    listener: waiting.listener,

    /** What the domains above use. */
    door: {
      /** Tells the kinds of a domain; while the program is put together, in every process that decides. */
      learn: kinds.learn,
      askTicket: createAskTicket({ runtime, tell }),
      waitForDecision: waiting.waitForDecision,

      /**
       * Takes back, in the transaction of `db`, a ticket for which nobody waits any more (the person hung up). The event
       * is written for the actor, or for the program. False when it had ended already: look how, before you go on.
       */
      async withdrawTicket(db: Db, ticket: { readonly id: string; readonly orgId: string }, actor?: Actor) {
        const { id, orgId } = ticket;
        if (!(await withdraw(deciding, { db, now: runtime.now(), orgId }, id))) return false;
        await runtime.record(db, {
          action: "ticket.withdraw",
          actor: actor ?? systemActor(orgId),
          outcome: "ok",
          target: { kind: "ticket", id, name: "" },
          fields: {},
        });
        return true;
      },
    },
  };
}
