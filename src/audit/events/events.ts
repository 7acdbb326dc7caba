import { notFound } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import { type FoundEvent, findEvents, readStatus } from "./event.store.ts";

export const listAuditEvents = serve(schema.listAuditEvents, {
  access: "granted",
  async run({ db, actor }, input) {
    if (!actor.orgId) throw notFound("organization");
    const { items, next } = await findEvents(db, { ...input, orgId: actor.orgId });
    return { items: items.map(shown), next };
  },
});

export const readAuditStatus = serve(schema.readAuditStatus, {
  access: "granted",
  async run({ db }) {
    const { sealed, unsealed, position, hash, at, keyId } = await readStatus(db);
    const checkpoint = position === null ? null : { position, hash: hash!, at: at!.toISOString(), keyId: keyId! };
    return { sealed, unsealed, checkpoint };
  },
});

export const auditEventActions = [listAuditEvents, readAuditStatus];

function shown(event: FoundEvent): schema.AuditEvent {
  const { id, at, action, outcome, address, via, position } = event;
  return {
    id,
    at,
    action,
    outcome,
    actor: { kind: event.actor_kind, id: event.actor_id, name: event.actor_name },
    address,
    via,
    target:
      event.target_kind === null ? null : { kind: event.target_kind, id: event.target_id, name: event.target_name },
    fields: event.fields as Record<string, unknown>,
    position,
  };
}
