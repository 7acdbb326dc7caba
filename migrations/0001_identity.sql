-- Who: organizations, people, groups, roles, proofs of identity.
create table organization (
  id uuid primary key,
  name text not null constraint organization_name_is_bounded check (length(name) between 1 and 128),
  created_at timestamptz not null default now(),
  constraint organization_name_is_unique unique (name)
);

create table users (
  id uuid primary key,
  login_name text not null constraint user_login_name_is_bounded check (length(login_name) between 1 and 128),
  name text not null constraint user_name_is_bounded check (length(name) between 1 and 128),
  -- what lists are ordered by
  sort_name text not null generated always as (lower(name)) stored,
  email text constraint user_email_is_bounded check (length(email) <= 254),
  comment text not null default '' constraint user_comment_is_bounded check (length(comment) <= 2000),
  active boolean not null default true,
  -- argon2id in PHC form; null: no password sign-in
  password_hash text,
  preferences jsonb not null default '{}',
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_sign_in_at timestamptz
);
create unique index user_login_name_is_unique on users (lower(login_name));
create index user_by_name on users (sort_name, id);

create table membership (
  org_id uuid not null references organization,
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index membership_by_user on membership (user_id);

create table user_group (
  id uuid not null unique,
  org_id uuid not null references organization,
  name text not null constraint group_name_is_bounded check (length(name) between 1 and 128),
  -- what lists are ordered by
  sort_name text not null generated always as (lower(name)) stored,
  comment text not null default '' constraint group_comment_is_bounded check (length(comment) <= 2000),
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id)
);
create unique index group_name_is_unique on user_group (org_id, sort_name);

create table group_member (
  org_id uuid not null,
  group_id uuid not null,
  user_id uuid not null,
  primary key (org_id, group_id, user_id),
  constraint group_member_group_is_of_the_organization foreign key (org_id, group_id) references user_group (org_id, id) on delete cascade,
  constraint group_member_user_is_of_the_organization foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade
);
create index group_member_by_user on group_member (org_id, user_id);

-- A role is a named set of permissions (= endpoint names). Built-in ones have no organization and are rewritten at start-up.
create table role (
  id text primary key constraint role_id_is_a_word check (id ~ '^[a-z0-9-]{1,64}$'),
  name text not null,
  description text not null default '',
  permissions text[] not null default '{}',
  built_in boolean not null default false
);

create table role_binding (
  org_id uuid not null,
  user_id uuid not null,
  role_id text not null references role,
  primary key (org_id, user_id, role_id),
  constraint role_binding_user_is_of_the_organization foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade
);

create table ssh_key (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  name text not null constraint ssh_key_name_is_bounded check (length(name) between 1 and 128),
  -- algorithm, a space, base64: the two first fields of an OpenSSH public key line
  public_key text not null constraint ssh_key_is_bounded check (length(public_key) <= 16384),
  fingerprint text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  constraint ssh_key_belongs_to_one_user unique (fingerprint)
);
create index ssh_key_by_user on ssh_key (user_id);

create table console_session (
  id uuid primary key,
  -- SHA-256 of the cookie's token: the table does not let anybody in
  token_hash bytea not null unique,
  user_id uuid not null references users on delete cascade,
  org_id uuid not null references organization,
  address text,
  agent text constraint console_session_agent_is_bounded check (length(agent) <= 400),
  created_at timestamptz not null default now(),
  used_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index console_session_by_user on console_session (user_id);

create table setup_token (
  token_hash bytea primary key,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Failed sign-ins by name and address, and by address alone (login_name '').
create table sign_in_brake (
  login_name text not null,
  address text not null,
  failures int not null,
  last_failure_at timestamptz not null,
  blocked_until timestamptz,
  primary key (login_name, address)
);

grant select, insert, update, delete on organization, users, membership, user_group, group_member, role, role_binding,
  ssh_key, console_session, setup_token, sign_in_brake to sallyport_app;
