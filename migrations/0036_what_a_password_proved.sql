-- What a password vouched for falls with it, whichever way it changes: SSH certificates, and ways in that have begun.
-- The way in that asked for the new password names itself in "sallyport.way_in", for its transaction, and goes on.
create function end_what_the_password_proved() returns trigger language plpgsql as $$
begin
  update ssh_certificate set revoked_at = now() where user_id = new.id and revoked_at is null;
  delete from sign_in_attempt
    where user_id = new.id and id::text is distinct from current_setting('sallyport.way_in', true);
  return null;
end $$;
create trigger what_the_password_proved_ends_with_it after update of password_hash on users for each row
  when (old.password_hash is distinct from new.password_hash) execute function end_what_the_password_proved();
create index sign_in_attempt_by_user on sign_in_attempt (user_id);
