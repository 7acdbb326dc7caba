-- A success exempts its name and address, for 30 days, from waits that strangers can bring about.
create table sign_in_success (
  login_name text not null,
  address text not null,
  at timestamptz not null,
  constraint sign_in_success_is_kept_once_per_name_and_address primary key (login_name, address)
);
grant select, insert, update, delete on sign_in_success to sallyport_app;

-- Whether the wait was told to somebody: the first refusal of a wait is written down, those after it are not.
alter table sign_in_brake add column told boolean not null default false;
create index sign_in_brake_by_age on sign_in_brake (last_failure_at);
