-- Lists of what somebody may reach, at any size: a placement carries the asset's name, and text is found by an index.
create extension if not exists pg_trgm;

-- Everything that a search looks at.
alter table asset
  add column search_text text not null generated always as (lower(name || E'\n' || host || E'\n' || comment)) stored;
create index asset_by_text on asset using gin (search_text gin_trgm_ops) with (fastupdate = off);

-- What of the asset orders and thins out its placements; the foreign key keeps it true.
alter table asset add constraint asset_is_placed_by_name unique (org_id, id, sort_name, active);
alter table asset_node
  add column sort_name text not null default '',
  add column active boolean not null default true;
update asset_node p set sort_name = a.sort_name, active = a.active from asset a where a.org_id = p.org_id and a.id = p.asset_id;
alter table asset_node
  drop constraint asset_node_asset_is_of_the_organization,
  add constraint asset_node_asset_is_of_the_organization foreign key (org_id, asset_id, sort_name, active)
    references asset (org_id, id, sort_name, active) on update cascade on delete cascade;
create index asset_node_by_name on asset_node (org_id, sort_name, asset_id, node_id) where active;

create function take_name_of_asset() returns trigger language plpgsql as $$
begin
  select a.sort_name, a.active into new.sort_name, new.active
  from asset a where a.org_id = new.org_id and a.id = new.asset_id for key share;
  if not found then
    new.sort_name := '';
    new.active := true;
  end if;
  return new;
end $$;
create trigger placement_takes_name_of_asset before insert on asset_node for each row execute function take_name_of_asset();
