import { z } from "zod";
import { endpoint, listInput, listOutput } from "../core/endpoint.ts";
import { Id, Moment, plain } from "../core/fields.ts";

const Text = plain(z.string());

/** One event as auditors see it. */
export const AuditEvent = z.object({
  id: Id,
  at: Moment,
  action: Text,
  outcome: Text,
  actor: z.object({ kind: Text, id: Id.nullable(), name: Text }),
  address: Text.nullable(),
  via: Text,
  target: z.object({ kind: Text, id: Id.nullable(), name: Text.nullable() }).nullable(),
  /** Facts of the event; already redacted when written. */
  fields: z.record(z.string(), z.unknown()),
  /** Its place in the hash chain; null for about a second after it happened. */
  position: z.number().int().nullable(),
});
export type AuditEvent = z.output<typeof AuditEvent>;

/** One page of the trail. */
export const listAuditEvents = endpoint({
  route: "GET /audit/events",
  name: "audit.event.list",
  title: "List audit events, newest first",
  input: listInput({
    action: plain(z.string().max(128)).optional(),
    outcome: plain(z.string().max(32)).optional(),
    actorId: Id.optional(),
    targetId: Id.optional(),
    from: Moment.optional(),
    to: Moment.optional(),
  }),
  output: listOutput(AuditEvent),
});

/** How far the chain reaches. */
export const readAuditStatus = endpoint({
  route: "GET /audit/status",
  name: "audit.status",
  title: "Tell how many events are sealed and what the newest checkpoint is",
  input: z.object({}),
  output: z.object({
    sealed: z.number().int(),
    unsealed: z.number().int(),
    checkpoint: z.object({ position: z.number().int(), hash: Text, at: Moment, keyId: Text }).nullable(),
  }),
});
