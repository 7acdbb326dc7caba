import type { Db } from "../../db/index.ts";
import type { createNotify } from "../notifications/notify.ts";
import type { TicketOutcome, TicketPerson } from "./kind.ts";
import { ticketAskedMail, ticketDecidedMail } from "./messages.ts";

/** Who is told of tickets by mail; nobody where no mail is set up. */
export interface Tell {
  asked(
    db: Db,
    ticket: {
      readonly id: string;
      readonly orgId: string;
      readonly title: string;
      readonly asker: string;
      readonly reason: string;
      readonly reviewers: readonly TicketPerson[];
      readonly expiresAt: Date | null;
    },
  ): Promise<void>;
  decided(
    db: Db,
    ticket: { readonly id: string; readonly orgId: string; readonly title: string; readonly askedBy: string },
    outcome: TicketOutcome<unknown> & { readonly less: boolean },
  ): Promise<void>;
}

export function createTell(deps: {
  readonly notify: ReturnType<typeof createNotify>;
  readonly mailIsConfigured: (db: Db) => Promise<boolean>;
  readonly consoleOrigin: string | null;
}): Tell {
  const { notify, mailIsConfigured, consoleOrigin } = deps;
  const urlOf = (id: string): string | null => (consoleOrigin ? `${consoleOrigin}/requests/${id}` : null);
  return {
    async asked(db, { id, orgId, title, asker, reason, reviewers, expiresAt }) {
      if (!(await mailIsConfigured(db))) return;
      const until = expiresAt ? `${expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC` : null;
      for (const reviewer of reviewers) {
        await notify(db, {
          to: { userId: reviewer.id },
          orgId,
          template: ticketAskedMail,
          values: { title, asker, reason, until, url: urlOf(id) },
          ...(expiresAt && { until: expiresAt }),
        });
      }
    },
    async decided(db, { id, orgId, title, askedBy }, { state, by, comment, less }) {
      // Whoever takes back an own request knows.
      if (by?.id === askedBy || !(await mailIsConfigured(db))) return;
      await notify(db, {
        to: { userId: askedBy },
        orgId,
        template: ticketDecidedMail,
        values: { title, state, by: by?.name ?? null, comment, less, url: urlOf(id) },
      });
    },
  };
}
