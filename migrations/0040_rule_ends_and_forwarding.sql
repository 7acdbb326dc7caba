-- What becomes of live sessions when a rule ends by the clock, and where a rule lets people forward ports to.
alter table access_grant
  -- 'cut' at once, 'warn' and cut after some minutes, 'keep' live sessions and refuse new ones
  add column at_end text not null default 'cut' constraint grant_end_is_known check (at_end in ('cut', 'warn', 'keep')),
  add column warn_minutes int constraint grant_warning_is_bounded check (warn_minutes between 1 and 120),
  add constraint grant_warns_for_some_minutes check ((at_end = 'warn') = (warn_minutes is not null)),
  -- host:port; the host a name, an address or a network, the port one or a range
  add column forward_to text[] not null default '{}',
  add constraint grant_destinations_are_bounded
    check (cardinality(forward_to) <= 100 and length(array_to_string(forward_to, '')) <= 30000),
  add constraint grant_destinations_are_not_null check (array_position(forward_to, null) is null),
  drop constraint grant_actions_are_known,
  -- Explicit words: a rule that was saved with every action of its day gains none that comes later.
  add constraint grant_actions_are_known
    check (actions <@ array['connect', 'upload', 'download', 'copy', 'paste', 'delete', 'share', 'forward']),
  add constraint grant_forwards_somewhere check (not 'forward' = any (actions) or cardinality(forward_to) > 0);
