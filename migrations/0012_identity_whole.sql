-- The whole of "who": organizations, roles of the site, ways to sign in, second factors, tokens.

-- Organizations ------------------------------------------------------------------------------------------------------
alter table organization
  add column sort_name text not null generated always as (lower(name)) stored,
  add column comment text not null default '' constraint organization_comment_is_bounded check (length(comment) <= 2000),
  add column version int not null default 1,
  add column updated_at timestamptz not null default now();

-- Roles --------------------------------------------------------------------------------------------------------------
-- scope 'system': held in every organization and over the site itself; 'organization': where it is bound.
-- org_id: a role that one organization made for itself; null: everybody's.
-- second_factor: what the role asks of whoever holds it; null: nothing of its own.
alter table role
  add column scope text not null default 'organization' constraint role_scope_is_known check (scope in ('system', 'organization')),
  add column org_id uuid references organization on delete cascade,
  add column second_factor text constraint role_second_factor_is_known check (second_factor in ('on', 'forced')),
  add column version int not null default 1,
  add column created_at timestamptz not null default now(),
  add column updated_at timestamptz not null default now(),
  add constraint role_of_an_organization_has_its_scope check (org_id is null or scope = 'organization'),
  add constraint built_in_role_is_everybodys check (not built_in or org_id is null);

create table system_role_binding (
  user_id uuid not null references users on delete cascade,
  role_id text not null references role,
  primary key (user_id, role_id)
);

create function binding_fits_its_role() returns trigger language plpgsql as $$
declare
  bound role;
begin
  select * into bound from role where id = new.role_id;
  if tg_table_name = 'system_role_binding' then
    if bound.scope <> 'system' then
      raise exception 'A role of an organization is bound in one' using errcode = '23514', constraint = 'system_binding_is_of_a_system_role';
    end if;
  elsif bound.scope <> 'organization' or (bound.org_id is not null and bound.org_id <> new.org_id) then
    raise exception 'The role does not belong to this organization' using errcode = '23514', constraint = 'binding_is_of_a_role_of_the_organization';
  end if;
  return new;
end $$;
create trigger binding_fits_its_role before insert or update on role_binding for each row execute function binding_fits_its_role();
create trigger binding_fits_its_role before insert or update on system_role_binding for each row execute function binding_fits_its_role();

-- Who administers the default organization today administers the site.
insert into role (id, name, description, built_in, scope)
  values ('system-administrator', 'System administrator', '', true, 'system');
insert into system_role_binding (user_id, role_id)
  select user_id, 'system-administrator' from role_binding
  where role_id = 'administrator' and org_id = '00000000-0000-7000-8000-000000000001';

-- What somebody holds where: bindings of the organization, and those of the system wherever they are a member or may enter.
create view held_permission as
  select b.org_id, b.user_id, b.role_id, p.permission
  from role_binding b join role r on r.id = b.role_id cross join unnest(r.permissions) as p(permission)
  union all
  select o.id, b.user_id, b.role_id, p.permission
  from system_role_binding b join role r on r.id = b.role_id cross join organization o cross join unnest(r.permissions) as p(permission);

-- Users --------------------------------------------------------------------------------------------------------------
alter table users
  -- 'service': a program; signs in with API keys only
  add column kind text not null default 'person' constraint user_kind_is_known check (kind in ('person', 'service')),
  add column expires_at timestamptz,
  -- why active is false
  add column disabled_reason text constraint user_disabled_reason_is_known
    check (disabled_reason in ('administrator', 'unused', 'directory')),
  add column must_change_password boolean not null default false,
  -- null: what roles, organization and site ask
  add column second_factor text constraint user_second_factor_is_known check (second_factor in ('on', 'forced')),
  add column phone text constraint user_phone_is_bounded check (length(phone) <= 32),
  add column time_zone text constraint user_time_zone_is_bounded check (length(time_zone) <= 64),
  -- any use of an API key or certificate
  add column last_used_at timestamptz,
  add constraint user_that_is_disabled_says_why check (disabled_reason is null or not active),
  add constraint service_has_no_password check (kind = 'person' or password_hash is null);
create index user_by_email on users (lower(email)) where email is not null;
create index user_by_expiry on users (expires_at) where expires_at is not null and active;

create table password_history (
  user_id uuid not null references users on delete cascade,
  password_hash text not null,
  set_at timestamptz not null default now(),
  primary key (user_id, set_at)
);

-- Mailed links: forgotten passwords and invitations. The token is stored as SHA-256 only.
create table mailed_token (
  token_hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  purpose text not null constraint mailed_token_purpose_is_known check (purpose in ('reset', 'invite')),
  -- void when the user's address is not this one any more
  email text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index mailed_token_by_user on mailed_token (user_id);

-- Ways to sign in ----------------------------------------------------------------------------------------------------
create table sign_in_backend (
  id uuid primary key,
  kind text not null constraint backend_kind_is_a_word check (kind ~ '^[a-z0-9-]{1,32}$'),
  name text not null constraint backend_name_is_bounded check (length(name) between 1 and 128),
  sort_name text not null generated always as (lower(name)) stored,
  active boolean not null default true,
  -- the order in which forms are tried and buttons are shown
  position int not null default 100,
  settings jsonb not null default '{}',
  -- the secret fields of settings as one sealed JSON object; context "sign_in_backend:ID"
  sealed bytea,
  -- where its new users become members
  org_id uuid references organization,
  -- whether somebody it vouches for and whom nobody knows becomes a user
  creates_users boolean not null default false,
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint backend_that_creates_users_says_where check (not creates_users or org_id is not null)
);
create unique index backend_name_is_unique on sign_in_backend (sort_name);

-- Who somebody is at a backend: by issuer and subject, never by an equal name.
create table identity (
  id uuid primary key,
  backend_id uuid not null references sign_in_backend on delete cascade,
  issuer text not null constraint identity_issuer_is_bounded check (length(issuer) between 1 and 1024),
  subject text not null constraint identity_subject_is_bounded check (length(subject) between 1 and 1024),
  user_id uuid not null references users on delete cascade,
  -- as the backend last called them
  shown_name text not null default '' constraint identity_shown_name_is_bounded check (length(shown_name) <= 256),
  linked_at timestamptz not null default now(),
  used_at timestamptz,
  constraint identity_is_of_one_user unique (backend_id, issuer, subject)
);
create index identity_by_user on identity (user_id);

-- A group or claim of a backend that gives a group or a role here, renewed at each sign-in and each sync.
create table backend_mapping (
  id uuid primary key,
  backend_id uuid not null references sign_in_backend on delete cascade,
  outside_group text not null constraint mapping_group_is_bounded check (length(outside_group) between 1 and 1024),
  org_id uuid not null references organization,
  group_id uuid,
  role_id text references role,
  constraint mapping_gives_one_thing check ((group_id is null) <> (role_id is null)),
  constraint mapping_group_is_of_the_organization foreign key (org_id, group_id) references user_group (org_id, id) on delete cascade
);
create index backend_mapping_by_backend on backend_mapping (backend_id);
-- What a mapping gave, so that only that is taken back.
create table mapped_member (
  backend_id uuid not null references sign_in_backend on delete cascade,
  user_id uuid not null references users on delete cascade,
  org_id uuid not null references organization on delete cascade,
  group_id uuid,
  role_id text
);
create index mapped_member_by_user on mapped_member (user_id, backend_id);

-- Signing in ---------------------------------------------------------------------------------------------------------
-- One person on the way in, from the first proof to the session.
create table sign_in_attempt (
  id uuid primary key,
  -- SHA-256 of the token the client holds; null: the gateway's own, over SSH
  token_hash bytea unique,
  -- 'confirm' and 'enrol': somebody who is signed in proves anew, or sets up a factor
  purpose text not null default 'sign-in' constraint attempt_purpose_is_known check (purpose in ('sign-in', 'confirm', 'enrol')),
  via text not null constraint attempt_via_is_known check (via in ('console', 'ssh', 'cli')),
  address text,
  agent text constraint attempt_agent_is_bounded check (length(agent) <= 400),
  user_id uuid references users on delete cascade,
  -- what was proved, in order: a backend's id or one of 'password', 'key', 'certificate', 'passkey', 'totp', ...
  proofs text[] not null default '{}',
  backend_id uuid references sign_in_backend on delete cascade,
  -- what a backend or factor must remember until its answer comes (state, nonce, PKCE verifier, challenge); sealed JSON,
  -- context "sign_in_attempt:ID"
  memory bytea,
  failures int not null default 0,
  -- where to go in the console afterwards: a path of our own
  return_to text constraint attempt_return_is_a_path check (return_to ~ '^/([^/\\].*)?$' and length(return_to) <= 512),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sign_in_attempt_by_age on sign_in_attempt (expires_at);

-- What may be used once, ever: SAML assertions, CAS tickets, TOTP steps, client assertions. Kept until it cannot be valid any more.
create table spent_proof (
  realm text not null,
  proof_hash bytea not null,
  expires_at timestamptz not null,
  constraint proof_is_spent_once primary key (realm, proof_hash)
);
create index spent_proof_by_age on spent_proof (expires_at);

-- Second factors -----------------------------------------------------------------------------------------------------
create table totp (
  user_id uuid primary key references users on delete cascade,
  -- sealed, context "totp:USER-ID"
  secret bytea not null,
  -- null: enrolment has begun and no code was seen
  confirmed_at timestamptz,
  created_at timestamptz not null default now(),
  used_at timestamptz
);

create table passkey (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  name text not null constraint passkey_name_is_bounded check (length(name) between 1 and 128),
  credential_id bytea not null,
  public_key bytea not null,
  counter bigint not null default 0,
  transports text[] not null default '{}',
  -- whether it stands alone: user verification on the device
  verifies_user boolean not null default false,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  constraint passkey_belongs_to_one_user unique (credential_id)
);
create index passkey_by_user on passkey (user_id);

create table recovery_code (
  user_id uuid not null references users on delete cascade,
  code_hash bytea not null,
  created_at timestamptz not null default now(),
  used_at timestamptz,
  primary key (user_id, code_hash)
);

-- A code that was mailed: single use, few tries.
create table mailed_code (
  attempt_id uuid primary key,
  user_id uuid not null references users on delete cascade,
  code_hash bytea not null,
  tries int not null default 0,
  sent_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index mailed_code_by_user on mailed_code (user_id);

-- A second factor that counts again for the same key or password from the same address (native clients).
create table remembered_proof (
  user_id uuid not null references users on delete cascade,
  address text not null,
  -- fingerprint of the key, or 'password'
  first_proof text not null,
  proofs text[] not null,
  expires_at timestamptz not null,
  primary key (user_id, address, first_proof)
);

-- Sessions and tokens ------------------------------------------------------------------------------------------------
alter table console_session
  add column proofs text[] not null default '{password}',
  add column signed_in_at timestamptz not null default now(),
  add column password_at timestamptz,
  add column second_factor_at timestamptz,
  add column backend_id uuid references sign_in_backend on delete cascade,
  -- what signing out at the backend needs (an OIDC id token, a SAML session); sealed, context "console_session:ID"
  add column backend_memory bytea,
  add column idle_minutes int not null default 480 constraint console_session_idle_is_bounded check (idle_minutes between 1 and 100000);

create table api_key (
  id uuid primary key,
  -- the public part that the key begins with
  prefix text not null constraint api_key_prefix_is_unique unique,
  secret_hash bytea not null,
  user_id uuid not null references users on delete cascade,
  org_id uuid not null references organization on delete cascade,
  name text not null constraint api_key_name_is_bounded check (length(name) between 1 and 128),
  -- names of actions; the user must hold them as well
  scopes text[] not null,
  -- networks in CIDR notation; empty: any
  addresses cidr[] not null default '{}',
  active boolean not null default true,
  created_by uuid references users on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  used_from text,
  constraint api_key_user_is_of_the_organization foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade
);
create index api_key_by_user on api_key (user_id);

-- The organization's own authority for SSH user certificates.
create table ssh_authority (
  org_id uuid primary key references organization on delete cascade,
  public_key text not null,
  -- sealed, context "ssh_authority:ORG-ID"
  private_key bytea not null,
  next_serial bigint not null default 1,
  created_at timestamptz not null default now()
);
create table ssh_certificate (
  org_id uuid not null references ssh_authority on delete cascade,
  serial bigint not null,
  user_id uuid not null references users on delete cascade,
  fingerprint text not null,
  address text,
  proofs text[] not null,
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (org_id, serial)
);
create index ssh_certificate_by_user on ssh_certificate (user_id);

-- Live -----------------------------------------------------------------------------------------------------------------
create trigger access_changed_by_expiry after update of expires_at on users for each statement execute function tell_access_changed();
create trigger access_changed after update or delete on system_role_binding for each statement execute function tell_access_changed();
create trigger access_changed after update of revoked_at on ssh_certificate for each statement execute function tell_access_changed();

grant select, insert, update, delete on system_role_binding, password_history, mailed_token, sign_in_backend, identity,
  backend_mapping, mapped_member, sign_in_attempt, spent_proof, totp, passkey, recovery_code, mailed_code, remembered_proof,
  api_key, ssh_authority, ssh_certificate to sallyport_app;
grant select on held_permission to sallyport_app;
