-- Sessions: who is where, through which gateway, and what remains of it.
create table gateway (
  id uuid primary key,
  -- where the process takes web terminals and watchers: a Unix socket path on this machine
  address text not null,
  pid int not null,
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now()
);

-- Names are copied so that the row tells its story after user, asset or account are gone.
create table session (
  id uuid not null unique,
  org_id uuid not null references organization,
  user_id uuid not null,
  user_name text not null,
  asset_id uuid not null,
  asset_name text not null,
  account_id uuid not null,
  account_name text not null,
  protocol text not null,
  kind text not null constraint session_kind_is_known check (kind in ('shell', 'exec')),
  via text not null,
  command text constraint session_command_is_bounded check (length(command) <= 4096),
  address text,
  gateway_id uuid not null,
  state text not null default 'opening' constraint session_state_is_known check (state in ('opening', 'live', 'ended')),
  started_at timestamptz not null default now(),
  connected_at timestamptz,
  ended_at timestamptz,
  end_reason text constraint session_end_reason_is_bounded check (length(end_reason) <= 64),
  end_detail text constraint session_end_detail_is_bounded check (length(end_detail) <= 1000),
  exit_code int,
  recording_state text not null default 'none'
    constraint recording_state_is_known check (recording_state in ('none', 'recording', 'stored', 'failed')),
  recording_complete boolean,
  recording_bytes bigint,
  recording_ms bigint,
  primary key (org_id, id),
  constraint session_that_ended_says_when check ((state = 'ended') = (ended_at is not null)),
  constraint session_that_ended_says_why check ((state = 'ended') = (end_reason is not null))
);
create index session_by_start on session (org_id, started_at desc, id desc);
create index session_by_user on session (org_id, user_id, started_at desc, id desc);
create index session_by_asset on session (org_id, asset_id, started_at desc, id desc);
create index session_not_ended on session (gateway_id) where state <> 'ended';

create function session_keeps_its_order() returns trigger language plpgsql as $$
begin
  if old.state = 'ended' and new.state <> 'ended' then
    raise exception 'An ended session does not live again' using errcode = '23514';
  end if;
  if old.state = 'live' and new.state = 'opening' then
    raise exception 'A live session does not open again' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger session_keeps_its_order before update of state on session for each row execute function session_keeps_its_order();

-- One permit to attach one web socket to a gateway: single use, seconds to live.
create table gateway_ticket (
  token_hash bytea primary key,
  gateway_id uuid not null,
  kind text not null,
  body jsonb not null constraint gateway_ticket_is_bounded check (length(body::text) <= 4000),
  expires_at timestamptz not null
);

grant select, insert, update on session to sallyport_app;
grant select, insert, update, delete on gateway, gateway_ticket to sallyport_app;
