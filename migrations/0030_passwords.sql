-- Passwords that were had before are not had again; a changed password or address voids what was mailed before.

alter table users
  -- found at a sign-in: it is publicly known, or below the rules of today
  add column password_is_weak boolean not null default false;

create or replace function note_password_change() returns trigger language plpgsql as $$
begin
  new.password_changed_at := clock_timestamp();
  new.password_is_weak := false;
  return new;
end $$;

-- Whichever way a password came to be: its hash is kept, the newest 24 of a user.
create function keep_password() returns trigger language plpgsql as $$
begin
  insert into password_history (user_id, password_hash, set_at) values (new.id, new.password_hash, clock_timestamp())
    on conflict do nothing;
  delete from password_history h where h.user_id = new.id and h.set_at < (
    select min(kept.set_at) from (
      select set_at from password_history where user_id = new.id order by set_at desc limit 24) kept);
  return null;
end $$;
create trigger new_user_password_is_kept after insert on users
  for each row when (new.password_hash is not null) execute function keep_password();
create trigger changed_password_is_kept after update of password_hash on users
  for each row when (new.password_hash is not null and old.password_hash is distinct from new.password_hash) execute function keep_password();
insert into password_history (user_id, password_hash, set_at)
  select id, password_hash, password_changed_at from users where password_hash is not null on conflict do nothing;

-- A link is void once the password was changed since, or the address is another one.
create function void_mailed_tokens() returns trigger language plpgsql as $$
begin
  delete from mailed_token where user_id = new.id and used_at is null;
  return null;
end $$;
create trigger mailed_tokens_are_void after update of password_hash, email on users for each row
  when (old.password_hash is distinct from new.password_hash or old.email is distinct from new.email)
  execute function void_mailed_tokens();
-- What was mailed when, so that nobody floods somebody's mailbox; survives the links.
create table reset_mailed (
  user_id uuid primary key references users on delete cascade,
  at timestamptz not null default now()
);

-- Blocks that administrators see and lift.
alter table sign_in_brake add column id uuid not null default gen_random_uuid();
create unique index sign_in_brake_by_id on sign_in_brake (id);
create index sign_in_brake_by_end on sign_in_brake (blocked_until) where blocked_until is not null;

grant select, insert, update, delete on reset_mailed to sallyport_app;
