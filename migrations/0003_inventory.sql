-- What: nodes (folders), assets, their host keys and accounts.
create table node (
  id uuid not null unique,
  org_id uuid not null references organization,
  parent_id uuid,
  name text not null constraint node_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  version int not null default 1,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint node_parent_is_of_the_organization foreign key (org_id, parent_id) references node (org_id, id),
  constraint node_is_not_its_own_parent check (parent_id <> id)
);
create unique index node_name_is_unique_among_siblings on node (org_id, parent_id, sort_name);
create unique index organization_has_one_root_node on node (org_id) where parent_id is null;

-- Every node with each of its ancestors and itself.
create table node_closure (
  org_id uuid not null,
  ancestor_id uuid not null,
  descendant_id uuid not null,
  depth int not null constraint node_tree_is_at_most_32_deep check (depth between 0 and 32),
  primary key (org_id, descendant_id, ancestor_id),
  foreign key (org_id, ancestor_id) references node (org_id, id) on delete cascade,
  foreign key (org_id, descendant_id) references node (org_id, id) on delete cascade
);
create index node_closure_downwards on node_closure (org_id, ancestor_id, descendant_id);

create table asset (
  id uuid not null unique,
  org_id uuid not null references organization,
  name text not null constraint asset_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  host text not null constraint asset_host_is_bounded check (length(host) between 1 and 255),
  comment text not null default '' constraint asset_comment_is_bounded check (length(comment) <= 2000),
  active boolean not null default true,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id)
);
create unique index asset_name_is_unique on asset (org_id, sort_name);
create index asset_by_host on asset (org_id, lower(host));

create table asset_protocol (
  org_id uuid not null,
  asset_id uuid not null,
  kind text not null constraint protocol_kind_is_a_word check (kind ~ '^[a-z0-9_-]{1,32}$'),
  port int not null constraint protocol_port_is_valid check (port between 1 and 65535),
  settings jsonb not null default '{}',
  primary key (org_id, asset_id, kind),
  foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade
);

create table asset_node (
  org_id uuid not null,
  asset_id uuid not null,
  node_id uuid not null,
  primary key (org_id, asset_id, node_id),
  constraint asset_node_asset_is_of_the_organization foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade,
  constraint asset_node_node_is_of_the_organization foreign key (org_id, node_id) references node (org_id, id)
);
create index asset_node_by_node on asset_node (org_id, node_id, asset_id);

-- The target's host keys: one pinned per asset and port; another that was seen waits as 'offered' for a person.
create table asset_host_key (
  org_id uuid not null,
  asset_id uuid not null,
  host text not null,
  port int not null,
  state text not null constraint host_key_state_is_known check (state in ('pinned', 'offered')),
  algorithm text not null,
  fingerprint text not null,
  seen_at timestamptz not null default now(),
  primary key (org_id, asset_id, host, port, state),
  foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade
);

create table account (
  id uuid not null unique,
  org_id uuid not null,
  asset_id uuid not null,
  name text not null constraint account_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  username text not null constraint account_username_is_bounded check (length(username) between 1 and 128),
  secret_kind text not null constraint secret_kind_is_a_word check (secret_kind ~ '^[a-z0-9_]{1,32}$'),
  -- sealed; see db/sealed. Null: no secret stored yet
  secret bytea,
  secret_changed_at timestamptz,
  comment text not null default '' constraint account_comment_is_bounded check (length(comment) <= 2000),
  active boolean not null default true,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint account_asset_is_of_the_organization foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade
);
create unique index account_name_is_unique_on_its_asset on account (org_id, asset_id, sort_name);

create index account_by_name on account (org_id, sort_name, id);

grant select, insert, update, delete on node, node_closure, asset, asset_protocol, asset_node, asset_host_key, account
  to sallyport_app;
