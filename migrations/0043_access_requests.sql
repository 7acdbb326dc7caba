-- Who may ask for access to what, for how long, and who decides. Of the rules that name somebody the first that
-- touches an asset decides, by priority: a stricter rule is not passed by.
create table request_rule (
  id uuid not null unique,
  org_id uuid not null references organization on delete cascade,
  name text not null constraint request_rule_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  comment text not null default '' constraint request_rule_comment_is_bounded check (length(comment) <= 2000),
  -- the lowest comes first
  priority int not null default 100 constraint request_rule_priority_is_bounded check (priority between 1 and 1000),
  active boolean not null default true,
  for_everybody boolean not null default false,
  covers_everything boolean not null default false,
  -- opens at once, and is reviewed afterwards
  break_glass boolean not null default false,
  longest_minutes int not null constraint request_rule_span_is_bounded check (longest_minutes between 5 and 525600),
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint break_glass_is_for_marked_groups check (not (break_glass and for_everybody))
);
create unique index request_rule_name_is_unique on request_rule (org_id, sort_name);

create table request_rule_side (
  org_id uuid not null,
  rule_id uuid not null,
  side text not null constraint request_rule_side_is_known check (side in ('asker', 'reviewer', 'covered')),
  user_id uuid,
  group_id uuid,
  asset_id uuid,
  node_id uuid,
  constraint request_rule_side_names_one check (num_nonnulls(user_id, group_id, asset_id, node_id) = 1),
  constraint request_rule_side_fits check ((side = 'covered') = (num_nonnulls(asset_id, node_id) = 1)),
  constraint request_rule_side_names_once unique nulls not distinct (org_id, rule_id, side, user_id, group_id, asset_id, node_id),
  constraint request_rule_side_rule_is_of_the_organization foreign key (org_id, rule_id) references request_rule (org_id, id) on delete cascade,
  constraint request_rule_side_user_is_of_the_organization foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade,
  constraint request_rule_side_group_is_of_the_organization foreign key (org_id, group_id) references user_group (org_id, id) on delete cascade,
  constraint request_rule_side_asset_is_of_the_organization foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade,
  constraint request_rule_side_node_is_of_the_organization foreign key (org_id, node_id) references node (org_id, id) on delete cascade
);
create index request_rule_side_by_user on request_rule_side (org_id, user_id) where user_id is not null;
create index request_rule_side_by_group on request_rule_side (org_id, group_id) where group_id is not null;
create index request_rule_side_by_asset on request_rule_side (org_id, asset_id) where asset_id is not null;
create index request_rule_side_by_node on request_rule_side (org_id, node_id) where node_id is not null;

-- A permission rule that a request made: it always ends.
alter table access_grant
  add column ticket_id uuid references ticket on delete set null,
  add constraint grant_of_a_request_ends check (ticket_id is null or expires_at is not null);
create unique index request_makes_one_grant on access_grant (ticket_id) where ticket_id is not null;

grant select, insert, update, delete on request_rule, request_rule_side to sallyport_app;
