-- Every organization has the root of its tree from its first moment on.
create function make_root_node() returns trigger language plpgsql as $$
declare
  root uuid := gen_random_uuid();
begin
  insert into node (id, org_id, parent_id, name) values (root, new.id, null, 'All assets');
  insert into node_closure (org_id, ancestor_id, descendant_id, depth) values (new.id, root, root, 0);
  return null;
end $$;
create trigger organization_gets_its_root_node after insert on organization for each row execute function make_root_node();

with missing as (
  insert into node (id, org_id, parent_id, name)
  select gen_random_uuid(), o.id, null, 'All assets' from organization o
  where not exists (select 1 from node n where n.org_id = o.id and n.parent_id is null)
  returning id, org_id
)
insert into node_closure (org_id, ancestor_id, descendant_id, depth) select org_id, id, id, 0 from missing;
