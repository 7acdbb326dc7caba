-- What signing out at the provider needs, until there is a console session that keeps it; sealed, context "sign_in_attempt:ID".
alter table sign_in_attempt add column backend_memory bytea;

-- An answer that a provider lets the browser post from its own site (SAML): no cookie comes with it, so that it waits
-- here, under a name only the provider was told, until the browser that began the sign-in asks for it by the handle.
create table posted_answer (
  attempt_id uuid primary key references sign_in_attempt on delete cascade,
  relay_hash bytea not null constraint posted_answer_relay_is_unique unique,
  handle_hash bytea,
  -- sealed, context "posted_answer:ATTEMPT-ID"
  answer bytea constraint posted_answer_is_bounded check (length(answer) <= 400000),
  constraint posted_answer_has_its_handle check ((answer is null) = (handle_hash is null))
);

-- Somebody a backend will vouch for and whom an administrator already said to be this user; counts once.
create table awaited_identity (
  id uuid primary key,
  backend_id uuid not null references sign_in_backend on delete cascade,
  outside_name text not null constraint awaited_name_is_bounded check (length(outside_name) between 1 and 256),
  user_id uuid not null references users on delete cascade,
  created_by uuid references users on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint awaited_identity_is_bounded_in_time check (expires_at <= created_at + interval '30 days')
);
create unique index awaited_identity_is_of_one_user on awaited_identity (backend_id, lower(outside_name));
create index awaited_identity_by_user on awaited_identity (user_id);

grant select, insert, update, delete on posted_answer, awaited_identity to sallyport_app;
