import { sql } from "kysely";
import { z } from "zod";
import { type Actor, Fault, Id, Name, plain } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { type Asked, type Platform, ticketKind } from "../../platform/index.ts";
import type { Connecting } from "./connecting.ts";
import type { DecidingRule } from "./rule-reading.ts";

const Thing = z.object({ id: Id, name: Name });

/** A connection that an access rule lets begin only when a reviewer approves. Who waits for it opens the session. */
export const connectReviewKind = ticketKind({
  key: "connect-review",
  title: "Connecting now, as an access rule asks",
  body: z.object({
    rule: Thing,
    asset: Thing,
    account: Thing,
    method: plain(z.string().max(32)),
    address: plain(z.string().max(64)),
  }),
});

/** Reviewers get a mail for each ask. */
const APART_SECONDS = 30;

/** One ask at a time of each person, in all processes. */
async function mustBeApart(db: Db, { orgId, userId }: Connecting): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`connect-review ${userId}`}, 0))`.execute(db);
  const { rows } = await sql<{ left: number }>`
    select ceil(${APART_SECONDS} - extract(epoch from now() - max(created_at)))::int as left from ticket
    where org_id = ${orgId} and asked_by = ${userId} and kind = ${connectReviewKind.key}
      and created_at > now() - make_interval(secs => ${APART_SECONDS})
    having count(*) > 0`.execute(db);
  if (!rows[0]) return;
  const seconds = Math.max(1, rows[0].left);
  throw new Fault("too_many", `Reviewers were asked for you just now. Wait ${seconds} s before you ask again.`);
}

/** Asks reviewers whether somebody may connect, and waits for them. */
export function createReviews({ tickets }: Pick<Platform, "tickets">) {
  return {
    /**
     * In the transaction of `db`. Fault `denied` when nobody but the person is left to decide, `too_many` when they were
     * asked just now.
     */
    async ask(
      db: Db,
      actor: Actor,
      { connecting, rule, expiresAt }: { connecting: Connecting; rule: DecidingRule; expiresAt: Date },
    ): Promise<Asked> {
      const { orgId, assetId, accountId, method, address } = connecting;
      await mustBeApart(db, connecting);
      const names = await db
        .selectFrom("account")
        .innerJoin("asset", (on) =>
          on.onRef("asset.org_id", "=", "account.org_id").onRef("asset.id", "=", "account.asset_id"),
        )
        .select(["asset.name as asset", "account.name as account"])
        .where("account.org_id", "=", orgId)
        .where("account.id", "=", accountId)
        .where("asset.id", "=", assetId)
        .executeTakeFirstOrThrow();
      return tickets.askTicket(db, actor, connectReviewKind, {
        title: `${names.account}@${names.asset}`,
        reason: `The access rule "${rule.name}" asks for an approval.`,
        body: {
          rule: { id: rule.id, name: rule.name },
          asset: { id: assetId, name: names.asset },
          account: { id: accountId, name: names.account },
          method,
          address: address ?? "?",
        },
        reviewers: rule.reviewers.map(({ id }) => id),
        expiresAt,
      });
    },

    /** See `waitForDecision` of tickets. */
    wait: (
      ticket: { readonly id: string; readonly orgId: string },
      how: { readonly timeoutMs: number; readonly signal: AbortSignal },
    ): ReturnType<typeof tickets.waitForDecision> => tickets.waitForDecision(ticket, how),

    /** Nobody waits for it any more; false when it was decided meanwhile. In the transaction of `db`. */
    withdraw: (db: Db, ticket: { readonly id: string; readonly orgId: string }, actor: Actor): Promise<boolean> =>
      tickets.withdrawTicket(db, ticket, actor),
  };
}
