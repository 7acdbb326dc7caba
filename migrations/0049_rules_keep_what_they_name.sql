-- A group or node that an active access rule or sign-in rule names stays: without it the rule would hit nobody, in silence.

-- What a selector names: its ids (attribute null), or the values of an attribute; null for what is no id.
create function named_by_selector(selector jsonb, attribute text) returns setof uuid language sql immutable as $$
  select case when lower(v.value) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then v.value::uuid end
  from (
    select i.value from jsonb_array_elements_text(
      case when attribute is null and jsonb_typeof(selector -> 'ids') = 'array' then selector -> 'ids' else '[]' end) as i (value)
    union all
    select w.value from jsonb_array_elements(
      case when attribute is not null and jsonb_typeof(selector -> 'all') = 'array' then selector -> 'all' else '[]' end) as c (condition)
    cross join lateral jsonb_array_elements_text(
      case when jsonb_typeof(c.condition -> 'value') = 'array' then c.condition -> 'value'
        else jsonb_build_array(c.condition -> 'value') end) as w (value)
    where c.condition ->> 'name' = attribute
  ) as v
$$;

create function keep_what_rules_name() returns trigger language plpgsql as $$
declare
  attribute constant text := tg_argv[0];
  named text;
begin
  select r.name into named from access_rule r
    where r.org_id = old.org_id and r.active
      and old.id in (select named_by_selector(case attribute when 'groups' then r.users else r.assets end, attribute))
    order by r.sort_name limit 1;
  if found then
    raise exception 'the access rule "%" names it', named
      using errcode = 'foreign_key_violation', constraint = 'access_rule_names_what_is_there', detail = named;
  end if;
  if attribute <> 'groups' then return old; end if;
  select r.name into named from sign_in_rule r
    where r.active and old.id in (select named_by_selector(r.users, attribute))
    order by r.sort_name limit 1;
  if found then
    raise exception 'the sign-in rule "%" names it', named
      using errcode = 'foreign_key_violation', constraint = 'sign_in_rule_names_what_is_there', detail = named;
  end if;
  return old;
end $$;

create trigger group_is_kept_by_rules before delete on user_group for each row execute function keep_what_rules_name('groups');
create trigger node_is_kept_by_rules before delete on node for each row execute function keep_what_rules_name('nodes');
