import { sql } from "kysely";
import { z } from "zod";
import { type Runtime, systemActor } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { jobKind, schedule } from "../../platform/index.ts";

const KEPT_DAYS = 30;
const AT_ONCE = 200;

/** Removes permission rules that requests made, some time after their end; the requests themselves stay. */
export function requestSweep(runtime: Pick<Runtime<Db>, "record" | "now">) {
  async function removeSome(db: Db): Promise<number> {
    const { rows } = await sql<{ id: string; orgId: string; name: string }>`
      delete from access_grant where id in (
        select g.id from access_grant g join ticket t on t.id = g.ticket_id
        where t.state <> 'pending' and g.expires_at < ${runtime.now()}::timestamptz - make_interval(days => ${KEPT_DAYS})
        limit ${AT_ONCE})
      returning id, org_id as "orgId", name`.execute(db);
    for (const { id, orgId, name } of rows) {
      const target = { kind: "grant", id, name };
      await runtime.record(db, { action: "grant.sweep", actor: systemActor(orgId), outcome: "ok", target, fields: {} });
    }
    return rows.length;
  }

  const kind = jobKind({
    key: "sweep-requested-grants",
    title: "Remove permission rules of requests that have long ended",
    permission: null,
    input: z.object({}),
    afterCrash: "restart",
    async run(job) {
      let removed = 0;
      let some: number;
      do {
        some = 0;
        await job.step(async (db) => {
          some = await removeSome(db);
          return { place: { done: removed + some, total: null } };
        });
        removed += some;
      } while (some === AT_ONCE);
      return `${removed} removed.`;
    },
  });
  const when = { cron: "50 2 * * *" } as const;
  return { kind, schedules: [schedule({ key: "sweep-requested-grants", kind, input: {}, when })] };
}
