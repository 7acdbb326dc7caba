-- A passkey is bound to the host name it was made under.
alter table passkey
  add column host text not null constraint passkey_host_is_bounded check (length(host) between 1 and 253),
  add constraint passkey_counter_is_not_negative check (counter >= 0);

-- Proving anew and setting up a factor belong to the console session in which they began.
alter table sign_in_attempt
  add column console_session_id uuid references console_session on delete cascade,
  add constraint attempt_of_somebody_inside_has_a_session check (purpose = 'sign-in' or console_session_id is not null),
  add constraint attempt_of_somebody_outside_has_none check (purpose <> 'sign-in' or console_session_id is null);
create unique index session_has_one_attempt_of_a_purpose on sign_in_attempt (console_session_id, purpose);
