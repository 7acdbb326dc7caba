-- Proving anew belongs to one console session, one question at a time. Setting up a factor may begin several times.
drop index session_has_one_attempt_of_a_purpose;
alter table sign_in_attempt
  drop constraint attempt_of_somebody_inside_has_a_session,
  add constraint proving_anew_belongs_to_a_session check (purpose <> 'confirm' or console_session_id is not null);
create unique index session_proves_anew_once_at_a_time on sign_in_attempt (console_session_id) where purpose = 'confirm';
create index sign_in_attempt_by_session on sign_in_attempt (console_session_id);
