-- Organizations that are administered, users that come in files, links that are mailed.

-- Mailed links ---------------------------------------------------------------------------------------------------------
-- The organization that invited: its link is void when the user is no member any more.
alter table mailed_token
  add column org_id uuid,
  add constraint mailed_token_is_bounded check (length(email) <= 254),
  add constraint mailed_token_user_is_of_the_organization
    foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade;

-- Users ----------------------------------------------------------------------------------------------------------------
alter table users
  -- when an administrator last let them in again: being unused counts from here, too
  add column enabled_at timestamptz;

-- The last administrator stays -----------------------------------------------------------------------------------------
-- An administrator who lasts: a person who is active and does not expire.
create function has_lasting_administrator(org uuid) returns boolean language sql stable as $$
  select exists (
    select from role_binding b join users u on u.id = b.user_id
    where b.org_id = org and b.role_id = 'administrator' and u.active and u.kind = 'person' and u.expires_at is null)
$$;
create function has_lasting_system_administrator() returns boolean language sql stable as $$
  select exists (
    select from system_role_binding b join users u on u.id = b.user_id
    where b.role_id = 'system-administrator' and u.active and u.kind = 'person' and u.expires_at is null)
$$;

-- Whoever commits second waits here and sees what the first has done.
create function organization_keeps_an_administrator() returns trigger language plpgsql as $$
begin
  perform from organization where id = old.org_id for no key update;
  if found and not has_lasting_administrator(old.org_id) then
    raise exception 'The last administrator of an organization stays' using errcode = '23514', constraint = 'organization_keeps_an_administrator';
  end if;
  return null;
end $$;
create constraint trigger organization_keeps_an_administrator after delete or update on role_binding
  deferrable initially deferred for each row when (old.role_id = 'administrator') execute function organization_keeps_an_administrator();

create function site_keeps_an_administrator() returns trigger language plpgsql as $$
begin
  perform from role where id = 'system-administrator' for no key update;
  if not has_lasting_system_administrator() then
    raise exception 'The last administrator of the site stays' using errcode = '23514', constraint = 'site_keeps_an_administrator';
  end if;
  return null;
end $$;
create constraint trigger site_keeps_an_administrator after delete or update on system_role_binding
  deferrable initially deferred for each row when (old.role_id = 'system-administrator') execute function site_keeps_an_administrator();

-- The same for whoever is disabled or gets an end; bindings that went with the user's row have triggers of their own.
create function administrators_last() returns trigger language plpgsql as $$
declare
  org uuid;
begin
  for org in select b.org_id from role_binding b where b.user_id = new.id and b.role_id = 'administrator' order by 1 loop
    perform from organization where id = org for no key update;
    if not has_lasting_administrator(org) then
      raise exception 'The last administrator of an organization stays' using errcode = '23514', constraint = 'organization_keeps_an_administrator';
    end if;
  end loop;
  if exists (select from system_role_binding b where b.user_id = new.id and b.role_id = 'system-administrator') then
    perform from role where id = 'system-administrator' for no key update;
    if not has_lasting_system_administrator() then
      raise exception 'The last administrator of the site stays' using errcode = '23514', constraint = 'site_keeps_an_administrator';
    end if;
  end if;
  return null;
end $$;
create constraint trigger administrators_last after update of active, expires_at, kind on users
  deferrable initially deferred for each row
  when (old.active and old.kind = 'person' and old.expires_at is null
    and not (new.active and new.kind = 'person' and new.expires_at is null))
  execute function administrators_last();

-- Files of users -------------------------------------------------------------------------------------------------------
-- Uploaded in pieces, sealed because passwords may be in it, gone after an hour or with the end of its import.
create table import_file (
  id uuid primary key,
  org_id uuid not null references organization on delete cascade,
  user_id uuid not null references users on delete cascade,
  name text not null constraint import_file_name_is_bounded check (length(name) between 1 and 255),
  pieces int not null constraint import_file_is_bounded check (pieces between 1 and 40),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index import_file_by_age on import_file (expires_at);
create index import_file_by_user on import_file (user_id);
create table import_piece (
  file_id uuid not null references import_file on delete cascade,
  number int not null constraint import_piece_is_bounded check (number between 0 and 39),
  -- context "import_piece:FILE-ID:NUMBER"
  sealed bytea not null constraint import_piece_is_small check (octet_length(sealed) <= 524288),
  primary key (file_id, number)
);

grant select, insert, update, delete on import_file, import_piece to sallyport_app;
