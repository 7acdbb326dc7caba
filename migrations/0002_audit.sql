-- What happened: events nobody changes, and the chain that proves it.
create table audit_event (
  id uuid primary key,
  org_id uuid,
  at timestamptz not null,
  action text not null constraint audit_action_is_bounded check (length(action) <= 128),
  outcome text not null constraint audit_outcome_is_bounded check (length(outcome) <= 32),
  actor_kind text not null,
  actor_id uuid,
  actor_name text not null,
  address text,
  via text not null,
  target_kind text,
  target_id uuid,
  target_name text,
  fields jsonb not null default '{}' constraint audit_fields_are_an_object check (jsonb_typeof(fields) = 'object')
);
create index audit_event_by_time on audit_event (org_id, at desc, id desc);
create index audit_event_by_action on audit_event (org_id, action, at desc, id desc);
-- Partial where most events have nothing to find: every index is paid by every change.
create index audit_event_by_actor on audit_event (org_id, actor_id, at desc, id desc) where actor_id is not null;
create index audit_event_by_target on audit_event (org_id, target_id, at desc, id desc) where target_id is not null;
create index audit_event_by_outcome on audit_event (org_id, outcome, at desc, id desc) where outcome <> 'ok';

-- The queue of the sealer: a row for every committed event that is not linked yet. Without an index: it is read and
-- emptied from the front, by one process at a time.
create table audit_unsealed (event_id uuid not null)
  with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- The chain: events in the order in which they were linked. hash = SHA-256(previous hash || canonical event).
-- No foreign key to the event: checking it locks, and so rewrites, every event once more. `audit verify` checks it.
create table audit_seal (
  position bigint primary key constraint audit_positions_start_at_one check (position >= 1),
  event_id uuid not null constraint audit_event_is_sealed_once unique,
  hash bytea not null constraint audit_hash_is_sha256 check (length(hash) = 32)
);

create table audit_checkpoint (
  position bigint primary key references audit_seal,
  hash bytea not null,
  at timestamptz not null,
  key_id text not null,
  signature bytea not null
);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'The audit trail is append-only: % of % is refused', tg_op, tg_table_name using errcode = '42501';
end $$;

create function audit_queue_for_sealing() returns trigger language plpgsql as $$
begin
  insert into public.audit_unsealed (event_id) values (new.id);
  return null;
end $$;

create trigger audit_event_is_append_only before update or delete or truncate on audit_event
  for each statement execute function audit_is_append_only();
create trigger audit_seal_is_append_only before update or delete or truncate on audit_seal
  for each statement execute function audit_is_append_only();
create trigger audit_checkpoint_is_append_only before update or delete or truncate on audit_checkpoint
  for each statement execute function audit_is_append_only();
create trigger audit_event_is_queued after insert on audit_event
  for each row execute function audit_queue_for_sealing();

grant select, insert on audit_event, audit_seal, audit_checkpoint to sallyport_app;
grant select, insert, delete on audit_unsealed to sallyport_app;
