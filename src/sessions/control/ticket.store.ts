import { createHash, randomBytes } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import { Fault, Id } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";

const VALID_SECONDS = 30;

const Person = z.object({
  id: Id,
  name: z.string(),
  orgId: Id,
  address: z.string().nullable(),
  signInId: Id.nullable(),
  apiKeyId: Id.nullable(),
});

const Size = { cols: z.number().int(), rows: z.number().int() };

/** What a web socket may do at a gateway. */
export const Ticket = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("open"), person: Person, assetId: Id, accountId: Id, protocol: z.string(), ...Size }),
  z.object({ kind: z.literal("resume"), person: Person, sessionId: Id, ...Size }),
  z.object({ kind: z.literal("watch"), person: Person, sessionId: Id }),
]);
export type Ticket = z.output<typeof Ticket>;

const hash = (token: string): Buffer => createHash("sha256").update(token).digest();

/** Writes a permit for one socket at one gateway, good for 30 seconds and one use; returns its token. */
export async function writeTicket(db: Db, gatewayId: string, ticket: Ticket): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await db
    .insertInto("gateway_ticket")
    .values({
      token_hash: hash(token),
      gateway_id: gatewayId,
      kind: ticket.kind,
      body: JSON.stringify(ticket),
      expires_at: sql`now() + make_interval(secs => ${VALID_SECONDS})`,
    })
    .execute();
  return token;
}

/** Uses a permit up. Fault `denied` when it is unknown, for another gateway, used or too old. */
export async function useTicket(db: Db, gatewayId: string, token: string): Promise<Ticket> {
  const row = await db
    .deleteFrom("gateway_ticket")
    .where("token_hash", "=", hash(token))
    .where("gateway_id", "=", gatewayId)
    .where("expires_at", ">", sql<Date>`now()`)
    .returning("body")
    .executeTakeFirst();
  if (!row) throw new Fault("denied", "This connection permit is not valid any more. Connect again.");
  return Ticket.parse(row.body);
}

/** Removes permits that nobody used. */
export async function dropOldTickets(db: Db): Promise<void> {
  await db.deleteFrom("gateway_ticket").where("expires_at", "<", sql<Date>`now()`).execute();
}
