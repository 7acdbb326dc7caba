-- What the domains stand on: settings, notifications that wait to be sent, jobs.

-- Only what was set is kept; the rest comes from the layer below: organization, site, defaults of the program.
create table setting (
  -- null: the site's
  org_id uuid references organization on delete cascade,
  key text not null constraint setting_key_is_a_word check (key ~ '^[a-z][a-z0-9-]{0,63}$'),
  value jsonb not null default '{}'
    constraint setting_value_is_an_object check (jsonb_typeof(value) = 'object')
    constraint setting_value_is_bounded check (length(value::text) <= 262144),
  -- the secret fields, as one sealed JSON object
  sealed bytea constraint setting_secrets_are_bounded check (octet_length(sealed) <= 262144),
  version int not null default 1,
  updated_at timestamptz not null default now(),
  constraint setting_is_kept_once unique nulls not distinct (org_id, key)
);

create function tell_settings_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('settings_changed', '');
  return null;
end $$;
create trigger settings_changed after insert or update or delete on setting for each statement execute function tell_settings_changed();

-- A mail that is owed to somebody. The row is written in the transaction that owes it.
create table notification (
  id uuid primary key,
  org_id uuid references organization on delete cascade,
  user_id uuid references users on delete cascade,
  address text constraint notification_address_is_bounded check (length(address) <= 254),
  channel text not null,
  template text not null constraint notification_template_is_bounded check (length(template) between 1 and 64),
  content jsonb constraint notification_content_is_bounded check (length(content::text) <= 65536),
  -- the secret values: links, codes
  sealed bytea constraint notification_secrets_are_bounded check (octet_length(sealed) <= 65536),
  state text not null default 'waiting' constraint notification_state_is_known check (state in ('waiting', 'sent', 'given_up')),
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  -- while this lies ahead, a process is sending it
  claimed_until timestamptz,
  give_up_at timestamptz not null,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  problem text constraint notification_problem_is_bounded check (length(problem) <= 1000),
  constraint notification_has_a_receiver check (user_id is not null or address is not null),
  constraint notification_ends_with_its_state check ((state = 'waiting') = (ended_at is null)),
  constraint notification_keeps_no_content_once_ended check (ended_at is null or (content is null and sealed is null))
);
create index notification_waiting on notification (next_at) where state = 'waiting';
create index notification_by_age on notification (ended_at) where ended_at is not null;
create index notification_by_user on notification (user_id);

create function tell_notification_waiting() returns trigger language plpgsql as $$
begin
  perform pg_notify('notification_waiting', '');
  return null;
end $$;
create trigger notification_waiting after insert on notification for each statement execute function tell_notification_waiting();

-- Background work that people can watch. The row is the queue: a worker claims it, and its heartbeat keeps the claim.
create table job (
  id uuid primary key,
  -- null: the site's
  org_id uuid references organization on delete cascade,
  kind text not null constraint job_kind_is_bounded check (length(kind) between 1 and 64),
  title text not null constraint job_title_is_bounded check (length(title) between 1 and 200),
  started_by uuid references users on delete set null,
  started_by_name text not null constraint job_starter_is_bounded check (length(started_by_name) <= 400),
  state text not null default 'queued' constraint job_state_is_known check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
  input jsonb,
  -- in place of the input where it holds secrets: its JSON, in pieces
  sealed_input bytea[],
  done int not null default 0 constraint job_progress_is_not_negative check (done >= 0),
  total int constraint job_total_is_not_negative check (total >= 0),
  results int not null default 0,
  checkpoint jsonb constraint job_checkpoint_is_bounded check (length(checkpoint::text) <= 65536),
  message text constraint job_message_is_bounded check (length(message) <= 1000),
  -- counts the claims: a worker that lost the job writes nothing any more
  attempt int not null default 0,
  crashes int not null default 0,
  beat_at timestamptz,
  cancel_asked_at timestamptz,
  schedule_key text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  constraint job_ends_with_its_state check ((state in ('done', 'failed', 'cancelled')) = (ended_at is not null)),
  constraint job_that_runs_has_a_heartbeat check (state <> 'running' or beat_at is not null),
  constraint job_keeps_no_input_once_ended check (ended_at is null or (input is null and sealed_input is null))
);
create index job_queue on job (created_at, id) where state = 'queued';
create index job_heartbeat on job (beat_at) where state = 'running';
create index job_by_organization on job (org_id, created_at, id);
create index job_by_starter on job (started_by, created_at, id);
create index job_by_age on job (ended_at) where ended_at is not null;
create unique index job_of_a_schedule_runs_once on job (schedule_key) where state in ('queued', 'running');

create function refuse_second_end() returns trigger language plpgsql as $$
begin
  raise exception 'a job that has ended stays as it ended' using errcode = 'integrity_constraint_violation', constraint = 'job_ends_once';
end $$;
create trigger job_ends_once before update of state on job for each row
  when (old.ended_at is not null and new.state is distinct from old.state) execute function refuse_second_end();

create function tell_job_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('job_changed', '');
  return null;
end $$;
create trigger job_changed after insert or update of cancel_asked_at on job for each statement execute function tell_job_changed();

create table job_result (
  job_id uuid not null references job on delete cascade,
  number int not null constraint job_result_is_numbered_from_one check (number >= 1),
  outcome text not null constraint job_result_outcome_is_known check (outcome in ('ok', 'skipped', 'failed')),
  subject text not null constraint job_result_subject_is_bounded check (length(subject) <= 200),
  message text not null constraint job_result_message_is_bounded check (length(message) <= 1000),
  primary key (job_id, number)
);

create table job_schedule (
  key text primary key constraint job_schedule_key_is_bounded check (length(key) between 1 and 64),
  -- when it runs, as it was when next_at was reckoned
  timing text not null,
  next_at timestamptz not null
);

grant select, insert, update, delete on setting, notification, job, job_result, job_schedule to sallyport_app;
