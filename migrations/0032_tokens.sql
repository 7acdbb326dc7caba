-- Console sessions, API keys, service accounts and SSH certificates: what the tables of 0012 lacked.

-- "Sign out everywhere": what was proved over SSH before this moment does not count any more.
alter table users add column signed_out_at timestamptz;
create trigger access_changed_by_sign_out after update of signed_out_at on users for each statement execute function tell_access_changed();

-- A program signs in nowhere: it has no console session, no SSH key, no certificate and no password.
create function is_of_a_person() returns trigger language plpgsql as $$
begin
  if exists (select from users where id = new.user_id and kind <> 'person') then
    raise exception 'A service account signs in with API keys only' using errcode = '23514', constraint = 'service_has_api_keys_only';
  end if;
  return new;
end $$;
create trigger service_has_api_keys_only before insert or update of user_id on console_session for each row execute function is_of_a_person();
create trigger service_has_api_keys_only before insert or update of user_id on ssh_key for each row execute function is_of_a_person();
create trigger service_has_api_keys_only before insert or update of user_id on ssh_certificate for each row execute function is_of_a_person();
create function kind_stays() returns trigger language plpgsql as $$
begin
  raise exception 'A user stays what it is: a person or a service' using errcode = '23514', constraint = 'user_kind_stays';
end $$;
create trigger user_kind_stays before update of kind on users for each row when (old.kind <> new.kind) execute function kind_stays();

alter table api_key
  add constraint api_key_prefix_is_a_word check (prefix ~ '^[0-9a-f]{12}$'),
  add constraint api_key_secret_is_a_hash check (octet_length(secret_hash) = 32),
  add constraint api_key_may_do_something check (cardinality(scopes) between 1 and 500),
  add constraint api_key_networks_are_bounded check (cardinality(addresses) <= 50),
  add constraint api_key_ends check (expires_at > created_at and expires_at <= created_at + interval '5 years 1 day');
create trigger access_changed after delete on api_key for each statement execute function tell_access_changed();
create trigger access_changed_by_update after update of active, expires_at, scopes, addresses on api_key for each statement execute function tell_access_changed();

alter table ssh_authority add column fingerprint text not null constraint ssh_authority_is_of_one_organization unique;
alter table ssh_certificate
  add column device text not null default '' constraint ssh_certificate_device_is_bounded check (length(device) <= 128),
  add column used_at timestamptz,
  add constraint ssh_certificate_ends check (expires_at > issued_at and expires_at <= issued_at + interval '25 hours');
create trigger access_changed_by_delete after delete on ssh_certificate for each statement execute function tell_access_changed();

-- A command line that asks for a certificate and waits for a person to confirm its code.
create table device_sign_in (
  id uuid primary key,
  -- SHA-256 of what the command line holds
  token_hash bytea not null constraint device_token_is_unique unique,
  code text not null constraint device_code_is_unique unique constraint device_code_is_short check (code ~ '^[A-Z]{4}-[A-Z]{4}$'),
  public_key text not null constraint device_key_is_bounded check (length(public_key) <= 20000),
  fingerprint text not null,
  device text not null constraint device_name_is_bounded check (length(device) <= 128),
  address text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  refused boolean not null default false,
  -- who confirmed it, and what they got
  user_id uuid references users on delete cascade,
  certificate text,
  certificate_expires_at timestamptz,
  constraint device_certificate_is_of_somebody check ((certificate is null) = (user_id is null) and (certificate is null) = (certificate_expires_at is null)),
  constraint device_is_refused_or_confirmed check (not refused or certificate is null)
);
create index device_sign_in_by_age on device_sign_in (expires_at);
create index device_sign_in_by_address on device_sign_in (address);
grant select, insert, update, delete on device_sign_in to sallyport_app;
