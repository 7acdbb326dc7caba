-- What a gateway must hear of: an order to end a session, and proofs of identity that do not hold any more.
alter table session add column terminate_words text
  constraint session_terminate_words_are_bounded check (length(terminate_words) <= 1000);

alter table users add column password_changed_at timestamptz not null default now();

create function note_password_change() returns trigger language plpgsql as $$
begin
  new.password_changed_at := clock_timestamp();
  return new;
end $$;
create trigger password_change_is_noted before update of password_hash on users
  for each row when (old.password_hash is distinct from new.password_hash) execute function note_password_change();

create trigger access_changed_with_password after update of password_hash on users for each statement execute function tell_access_changed();
create trigger access_changed after delete on ssh_key for each statement execute function tell_access_changed();
create trigger access_changed after delete on console_session for each statement execute function tell_access_changed();
create trigger access_changed after insert or delete on role_binding for each statement execute function tell_access_changed();
