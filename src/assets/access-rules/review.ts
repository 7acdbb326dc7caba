import { z } from "zod";
import { type Actor, Id, Name, plain } from "../../core/index.ts";
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

/** Asks reviewers whether somebody may connect, and waits for them. */
export function createReviews({ tickets }: Pick<Platform, "tickets">) {
  return {
    /** In the transaction of `db`. Fault `denied` when nobody but the person is left to decide. */
    async ask(
      db: Db,
      actor: Actor,
      { connecting, rule, expiresAt }: { connecting: Connecting; rule: DecidingRule; expiresAt: Date },
    ): Promise<Asked> {
      const { orgId, assetId, accountId, method, address } = connecting;
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
