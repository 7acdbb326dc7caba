import { CompiledQuery } from "kysely";
import { newId, type Occurrence } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { storableFields, storableText } from "./storable.ts";

/** An event of nobody's organization, such as a failed sign-in, goes to the first one, which runs the installation. */
const INSERT = `insert into audit_event (id, org_id, at, action, outcome, actor_kind, actor_id, actor_name, address, via,
  target_kind, target_id, target_name, fields)
values ($1, coalesce($2::uuid, (select id from organization order by created_at, id limit 1)), $3, $4, $5, $6, $7, $8,
  $9, $10, $11, $12, $13, $14)`;

const MAX_NAME = 400;

/** Writes one audit event in the transaction of `db`: one statement, one round trip. Text too long to keep is cut. */
export async function record(db: Db, occurrence: Occurrence, now: Date): Promise<void> {
  const { actor, target } = occurrence;
  await db.executeQuery(
    CompiledQuery.raw(INSERT, [
      newId(now.getTime()),
      actor.orgId,
      now.toISOString(),
      occurrence.action.slice(0, 128),
      occurrence.outcome,
      actor.kind,
      actor.id,
      storableText(actor.name, MAX_NAME),
      actor.address === null ? null : storableText(actor.address, MAX_NAME),
      actor.via,
      target?.kind ?? null,
      target?.id ?? null,
      target ? storableText(target.name, MAX_NAME) : null,
      storableFields(occurrence.fields),
    ]),
  );
}
