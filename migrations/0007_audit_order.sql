-- Ascending: new events then go to the right end of an index, which PostgreSQL keeps at hand and fills whole pages of;
-- lists read it backwards.
drop index audit_event_by_time, audit_event_by_action, audit_event_by_actor, audit_event_by_target, audit_event_by_outcome;
create index audit_event_by_time on audit_event (org_id, at, id);
create index audit_event_by_action on audit_event (org_id, action, at, id);
create index audit_event_by_actor on audit_event (org_id, actor_id, at, id) where actor_id is not null;
create index audit_event_by_target on audit_event (org_id, target_id, at, id) where target_id is not null;
create index audit_event_by_outcome on audit_event (org_id, outcome, at, id) where outcome <> 'ok';
