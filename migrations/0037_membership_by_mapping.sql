-- A membership that a mapping of a sign-in backend made ends with the last thing that mappings gave there.
alter table membership add column by_mapping boolean not null default false;
