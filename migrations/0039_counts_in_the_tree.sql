-- Counts of assets below nodes, at any size. An asset in one node only is counted in that node's row; those in several
-- nodes are few, and counted one by one when somebody asks.
alter table asset_node add column sole boolean not null default true;
alter table node
  add column sole_assets int not null default 0 constraint node_holds_no_less_than_nothing check (sole_assets >= 0),
  add column sole_active int not null default 0 constraint node_holds_active_ones_among_all check (sole_active between 0 and sole_assets);

update asset_node p set sole = false
where exists (select 1 from asset_node o where o.org_id = p.org_id and o.asset_id = p.asset_id and o.node_id <> p.node_id);
update node n set sole_assets = p.assets, sole_active = p.active
from (select org_id, node_id, count(*) as assets, count(*) filter (where active) as active from asset_node where sole group by 1, 2) p
where p.org_id = n.org_id and p.node_id = n.id;
create index asset_node_beside_another on asset_node (org_id, node_id, asset_id) include (active) where not sole;

-- Every other placement of an asset that gained or lost one may have become, or be no longer, its only one.
create function mark_sole_placements() returns trigger language plpgsql as $$
begin
  update asset_node p set sole = not p.sole
  from (select distinct org_id, asset_id from touched) t
  where p.org_id = t.org_id and p.asset_id = t.asset_id
    and p.sole = exists (select 1 from asset_node o where o.org_id = p.org_id and o.asset_id = p.asset_id and o.node_id <> p.node_id);
  return null;
end $$;
create trigger placements_know_each_other_after_insert after insert on asset_node
  referencing new table as touched for each statement execute function mark_sole_placements();
create trigger placements_know_each_other_after_delete after delete on asset_node
  referencing old table as touched for each statement execute function mark_sole_placements();

-- What rows come and go is what a node's counts change by.
create function count_sole_placements() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    update node n set sole_assets = n.sole_assets + d.assets, sole_active = n.sole_active + d.active
    from (select org_id, node_id, count(*) as assets, count(*) filter (where active) as active
      from gained where sole group by 1, 2) d
    where n.org_id = d.org_id and n.id = d.node_id;
  elsif tg_op = 'DELETE' then
    update node n set sole_assets = n.sole_assets - d.assets, sole_active = n.sole_active - d.active
    from (select org_id, node_id, count(*) as assets, count(*) filter (where active) as active
      from lost where sole group by 1, 2) d
    where n.org_id = d.org_id and n.id = d.node_id;
  else
    update node n set sole_assets = n.sole_assets + d.assets, sole_active = n.sole_active + d.active
    from (select org_id, node_id, sum(sign) as assets, coalesce(sum(sign) filter (where active), 0) as active
      from (select org_id, node_id, active, 1 as sign from gained where sole
        union all select org_id, node_id, active, -1 from lost where sole) x group by 1, 2) d
    where n.org_id = d.org_id and n.id = d.node_id and (d.assets <> 0 or d.active <> 0);
  end if;
  return null;
end $$;
create trigger node_counts_after_insert after insert on asset_node
  referencing new table as gained for each statement execute function count_sole_placements();
create trigger node_counts_after_delete after delete on asset_node
  referencing old table as lost for each statement execute function count_sole_placements();
create trigger node_counts_after_update after update on asset_node
  referencing old table as lost new table as gained for each statement execute function count_sole_placements();
