import { z } from "zod";
import { Fault, type Runtime, systemActor } from "../../core/index.ts";
import type { Database, Db } from "../../db/index.ts";
import { jobKind } from "../jobs/kind.ts";
import { schedule } from "../jobs/schedule.ts";
import { conclude, type DecideDeps } from "./decide.ts";
import { findExpired, forgetOldTickets, lockTicket } from "./ticket.store.ts";

const AT_ONCE = 1000;
const KEPT_DAYS = 400;

/** Ends tickets whose time is over; its job is started only while there are such. */
export function ticketExpiry(deps: DecideDeps & { readonly database: Database; readonly runtime: Runtime<Db> }) {
  const { database, runtime } = deps;

  /** False when somebody was faster. */
  const expire = (id: string, orgId: string): Promise<boolean> =>
    database.transaction(async (db) => {
      const now = runtime.now();
      const row = await lockTicket(db, orgId, id);
      if (row?.state !== "pending" || row.expires_at === null || row.expires_at > now) return false;
      await conclude(deps, { db, now }, row, { state: "expired", by: null, comment: "" });
      await runtime.record(db, {
        action: "ticket.expire",
        actor: systemActor(orgId),
        outcome: "ok",
        target: { kind: "ticket", id, name: row.title },
        fields: { kind: row.kind, askedBy: row.asked_by_name },
      });
      return true;
    });

  const kind = jobKind({
    key: "expire-tickets",
    title: "End requests that nobody decided in time",
    permission: null,
    input: z.object({}),
    afterCrash: "restart",
    async run(job) {
      let ended = 0;
      for (const { id, org_id, title } of await findExpired(database.db, runtime.now(), AT_ONCE)) {
        job.signal.throwIfAborted();
        try {
          if (await expire(id, org_id)) ended += 1;
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          await job.result({ outcome: "failed", subject: title, message: error.message });
        }
      }
      await forgetOldTickets(database.db, KEPT_DAYS);
      return `${ended} expired.`;
    },
  });
  return {
    kind,
    schedule: schedule({
      key: "expire-tickets",
      kind,
      input: {},
      when: async () => ((await findExpired(database.db, runtime.now(), 1)).length > 0 ? { everyMinutes: 1 } : null),
    }),
  };
}
