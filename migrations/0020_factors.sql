-- Second factors: the code by mail as somebody's choice, and when a remembered proof is void.

-- Who chose the code by mail as a second factor.
create table mailed_factor (
  user_id uuid primary key references users on delete cascade,
  created_at timestamptz not null default now(),
  used_at timestamptz
);

-- One code of a user at a time: a new one voids the one before.
drop index mailed_code_by_user;
alter table mailed_code
  add constraint mailed_code_is_one_of_a_user unique (user_id),
  add constraint mailed_code_has_three_tries check (tries between 0 and 3);

alter table totp
  alter column confirmed_at set not null;

-- What is remembered of a person falls with what it stood on, whichever way that changes.
create function forget_remembered_proofs() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'users' then
    delete from remembered_proof where user_id = new.id;
  else
    delete from remembered_proof where user_id = old.user_id;
  end if;
  return null;
end $$;
create trigger remembered_proofs_fall_with_the_user after update of password_hash, active on users for each row
  when (old.password_hash is distinct from new.password_hash or not new.active) execute function forget_remembered_proofs();
create trigger remembered_proofs_fall_with_the_factor after update of secret or delete on totp for each row execute function forget_remembered_proofs();
create trigger remembered_proofs_fall_with_the_factor after delete on passkey for each row execute function forget_remembered_proofs();
create trigger remembered_proofs_fall_with_the_factor after delete on mailed_factor for each row execute function forget_remembered_proofs();

grant select, insert, update, delete on mailed_factor to sallyport_app;
