-- Who may reach what: permission rules (grants).
create table access_grant (
  id uuid not null unique,
  org_id uuid not null references organization,
  name text not null constraint grant_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  comment text not null default '' constraint grant_comment_is_bounded check (length(comment) <= 2000),
  active boolean not null default true,
  starts_at timestamptz not null default now(),
  expires_at timestamptz,
  all_accounts boolean not null default false,
  -- names that match an account on every asset of the rule
  account_names text[] not null default '{}',
  excluded_names text[] not null default '{}',
  -- 'manual', 'same_name', 'anonymous'
  virtual_accounts text[] not null default '{}'
    constraint virtual_accounts_are_known check (virtual_accounts <@ array['manual', 'same_name', 'anonymous']),
  all_protocols boolean not null default false,
  protocols text[] not null default '{}',
  actions text[] not null default '{}'
    constraint grant_actions_are_known check (actions <@ array['connect', 'upload', 'download', 'copy', 'paste', 'delete', 'share']),
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint grant_window_is_not_empty check (expires_at is null or expires_at > starts_at)
);
create unique index grant_name_is_unique on access_grant (org_id, sort_name);

create table grant_user (
  org_id uuid not null, grant_id uuid not null, user_id uuid not null,
  primary key (org_id, grant_id, user_id),
  constraint grant_user_grant_is_of_the_organization foreign key (org_id, grant_id) references access_grant (org_id, id) on delete cascade,
  constraint grant_user_user_is_of_the_organization foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade
);
create index grant_user_by_user on grant_user (org_id, user_id, grant_id);

create table grant_group (
  org_id uuid not null, grant_id uuid not null, group_id uuid not null,
  primary key (org_id, grant_id, group_id),
  constraint grant_group_grant_is_of_the_organization foreign key (org_id, grant_id) references access_grant (org_id, id) on delete cascade,
  constraint grant_group_group_is_of_the_organization foreign key (org_id, group_id) references user_group (org_id, id) on delete cascade
);
create index grant_group_by_group on grant_group (org_id, group_id, grant_id);

create table grant_asset (
  org_id uuid not null, grant_id uuid not null, asset_id uuid not null,
  primary key (org_id, grant_id, asset_id),
  constraint grant_asset_grant_is_of_the_organization foreign key (org_id, grant_id) references access_grant (org_id, id) on delete cascade,
  constraint grant_asset_asset_is_of_the_organization foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade
);
create index grant_asset_by_asset on grant_asset (org_id, asset_id, grant_id);

create table grant_node (
  org_id uuid not null, grant_id uuid not null, node_id uuid not null,
  primary key (org_id, grant_id, node_id),
  constraint grant_node_grant_is_of_the_organization foreign key (org_id, grant_id) references access_grant (org_id, id) on delete cascade,
  constraint grant_node_node_is_of_the_organization foreign key (org_id, node_id) references node (org_id, id) on delete cascade
);
create index grant_node_by_node on grant_node (org_id, node_id, grant_id);

-- Whatever can shrink somebody's rights tells every gateway, in the transaction of the change. An insert can, too: it may
-- bring somebody or something under a rule that excludes an account.
create function tell_access_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('access_changed', '');
  return null;
end $$;

create trigger access_changed after insert or update or delete on access_grant for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on grant_user for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on grant_group for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on grant_asset for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on grant_node for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on group_member for each statement execute function tell_access_changed();
create trigger access_changed after delete on membership for each statement execute function tell_access_changed();
create trigger access_changed after update of active on users for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on asset_node for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on node_closure for each statement execute function tell_access_changed();
create trigger access_changed after update of active, host or delete on asset for each statement execute function tell_access_changed();
create trigger access_changed after update or delete on asset_protocol for each statement execute function tell_access_changed();
create trigger access_changed after update of active, name, username or delete on account for each statement execute function tell_access_changed();

grant select, insert, update, delete on access_grant, grant_user, grant_group, grant_asset, grant_node to sallyport_app;
