-- Access rules: what happens to somebody whom a permission rule lets in. Ordered by priority; the first that fits decides.

-- A selector names all, or somebody, or a condition: never nothing.
create function selects_something(selector jsonb) returns boolean language sql immutable as $$
  select case selector ->> 'type'
    when 'all' then true
    when 'ids' then jsonb_typeof(selector -> 'ids') = 'array' and jsonb_array_length(selector -> 'ids') > 0
    when 'attributes' then jsonb_typeof(selector -> 'all') = 'array' and jsonb_array_length(selector -> 'all') > 0
    else false end
$$;

create table access_rule (
  id uuid not null unique,
  org_id uuid not null references organization,
  kind text not null constraint access_rule_kind_is_a_word check (kind ~ '^[a-z0-9-]{1,32}$'),
  name text not null constraint access_rule_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  comment text not null default '' constraint access_rule_comment_is_bounded check (length(comment) <= 2000),
  -- words for the person it hits
  notice text not null default '' constraint access_rule_notice_is_bounded check (length(notice) <= 500),
  active boolean not null default true,
  priority int not null default 50 constraint access_rule_priority_is_bounded check (priority between 1 and 100),
  action text not null constraint access_rule_action_is_known
    check (action in ('reject', 'accept', 'review', 'warn', 'notify', 'mask')),
  users jsonb not null constraint access_rule_selects_some_users check (selects_something(users)),
  assets jsonb not null constraint access_rule_selects_some_assets check (selects_something(assets)),
  -- names of accounts; null: all of them
  accounts text[] constraint access_rule_names_some_accounts check (cardinality(accounts) between 1 and 200),
  -- of the kind; parsed by its own shape
  settings jsonb not null default '{}' constraint access_rule_settings_are_an_object check (jsonb_typeof(settings) = 'object'),
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id)
);
create unique index access_rule_name_is_unique on access_rule (org_id, sort_name);
create index access_rule_in_order on access_rule (org_id, kind, priority, sort_name);

create table access_rule_reviewer (
  org_id uuid not null, rule_id uuid not null, user_id uuid not null,
  primary key (org_id, rule_id, user_id),
  constraint access_rule_reviewer_rule_is_of_the_organization
    foreign key (org_id, rule_id) references access_rule (org_id, id) on delete cascade,
  constraint access_rule_reviewer_is_of_the_organization
    foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade
);
create index access_rule_reviewer_by_user on access_rule_reviewer (org_id, user_id);

-- Commands that rules of one kind name together.
create table command_group (
  id uuid not null unique,
  org_id uuid not null references organization,
  name text not null constraint command_group_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  comment text not null default '' constraint command_group_comment_is_bounded check (length(comment) <= 2000),
  -- whole words, and patterns of * and ?
  commands text[] not null default '{}',
  patterns text[] not null default '{}',
  ignore_case boolean not null default true,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint command_group_holds_something
    check (cardinality(commands) + cardinality(patterns) between 1 and 1000)
);
create unique index command_group_name_is_unique on command_group (org_id, sort_name);

create table access_rule_command_group (
  org_id uuid not null, rule_id uuid not null, group_id uuid not null,
  primary key (org_id, rule_id, group_id),
  constraint access_rule_command_group_rule_is_of_the_organization
    foreign key (org_id, rule_id) references access_rule (org_id, id) on delete cascade,
  constraint command_group_is_of_the_organization
    foreign key (org_id, group_id) references command_group (org_id, id)
);
create index access_rule_by_command_group on access_rule_command_group (org_id, group_id);

-- A rule that changes, and whatever its selectors look at, is judged anew by every gateway.
create trigger access_changed after insert or update or delete on access_rule for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on access_rule_reviewer for each statement execute function tell_access_changed();
create trigger access_changed_by_names after update of login_name, name, email on users for each statement execute function tell_access_changed();
create trigger access_changed_by_names after update of name on asset for each statement execute function tell_access_changed();
create trigger access_changed_by_insert after insert on asset_protocol for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on identity for each statement execute function tell_access_changed();
create trigger access_changed_by_insert after insert on system_role_binding for each statement execute function tell_access_changed();

grant select, insert, update, delete on access_rule, access_rule_reviewer, command_group, access_rule_command_group
  to sallyport_app;
