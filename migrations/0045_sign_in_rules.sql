-- Sign-in rules, of the site: what happens to somebody who proved who they are. The first that fits decides.
create table sign_in_rule (
  id uuid primary key,
  name text not null constraint sign_in_rule_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  comment text not null default '' constraint sign_in_rule_comment_is_bounded check (length(comment) <= 2000),
  -- words for the person it refuses
  notice text not null default '' constraint sign_in_rule_notice_is_bounded check (length(notice) <= 500),
  active boolean not null default true,
  priority int not null default 50 constraint sign_in_rule_priority_is_bounded check (priority between 1 and 100),
  action text not null constraint sign_in_rule_action_is_known check (action in ('reject', 'accept', 'review', 'notify')),
  users jsonb not null constraint sign_in_rule_selects_some_users check (selects_something(users)),
  -- none: any address; null: always
  addresses text[] not null default '{}' constraint sign_in_rule_addresses_are_bounded check (cardinality(addresses) <= 200),
  times jsonb,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index sign_in_rule_name_is_unique on sign_in_rule (sort_name);
create index sign_in_rule_in_order on sign_in_rule (priority, sort_name);

create table sign_in_rule_reviewer (
  rule_id uuid not null references sign_in_rule on delete cascade,
  user_id uuid not null references users on delete cascade,
  primary key (rule_id, user_id)
);
create index sign_in_rule_reviewer_by_user on sign_in_rule_reviewer (user_id);

grant select, insert, update, delete on sign_in_rule, sign_in_rule_reviewer to sallyport_app;
