import { CompiledQuery } from "kysely";
import { newId, type Occurrence } from "../../core/index.ts";
import { type Db, sendAhead } from "../../db/index.ts";
import { storableFields, storableText } from "./storable.ts";

/** Inserts the event and queues it for the sealer; prepared once per connection. */
const statement = (name: string, organization: string) => ({
  name,
  text: `with event as (
    insert into audit_event (id, org_id, at, action, outcome, actor_kind, actor_id, actor_name, address, via, target_kind,
      target_id, target_name, fields)
    values ($1, ${organization}, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id)
  insert into audit_unsealed (event_id) select id from event`,
});

const INSERT = statement("audit-record", "$2");
/** An event of nobody's organization, such as a failed sign-in, goes to the first one, which runs the installation. */
const INSERT_OF_NOBODY = statement(
  "audit-record-of-nobody",
  "coalesce($2::uuid, (select id from organization order by created_at, id limit 1))",
);

const MAX_NAME = 400;

/** Writes one audit event in the transaction of `db`: one statement, which travels with the commit. Text too long is cut. */
export async function record(db: Db, occurrence: Occurrence, now: Date): Promise<void> {
  const prepared = occurrence.actor.orgId === null ? INSERT_OF_NOBODY : INSERT;
  const query = CompiledQuery.raw(prepared.text, parametersOf(occurrence, now));
  // Kysely hands `sql` to pg as it is, and pg prepares what has a name: planning costs more than inserting.
  await sendAhead(db, { ...query, sql: prepared as unknown as string });
}

function parametersOf({ action, actor, outcome, target, fields }: Occurrence, now: Date): unknown[] {
  return [
    newId(now.getTime()),
    actor.orgId,
    now.toISOString(),
    action.slice(0, 128),
    outcome,
    actor.kind,
    actor.id,
    storableText(actor.name, MAX_NAME),
    actor.address === null ? null : storableText(actor.address, MAX_NAME),
    actor.via,
    target?.kind ?? null,
    target?.id ?? null,
    target ? storableText(target.name, MAX_NAME) : null,
    storableFields(fields),
  ];
}
