-- A request that somebody decides. What it asks for is the body, in the shape of its kind; no secret stands in it.
create table ticket (
  id uuid primary key,
  org_id uuid not null references organization on delete cascade,
  kind text not null constraint ticket_kind_is_a_word check (kind ~ '^[a-z][a-z0-9-]{0,63}$'),
  title text not null constraint ticket_title_is_bounded check (length(title) between 1 and 200),
  reason text not null constraint ticket_reason_is_bounded check (length(reason) <= 2000),
  body jsonb not null constraint ticket_body_is_bounded check (length(body::text) <= 65536),
  -- no reference: who asked and who decided is told after they are gone
  asked_by uuid not null,
  asked_by_name text not null constraint ticket_asker_is_bounded check (length(asked_by_name) <= 400),
  -- frozen when it is asked
  reviewers uuid[] not null constraint ticket_has_reviewers check (cardinality(reviewers) between 1 and 200),
  state text not null default 'pending'
    constraint ticket_state_is_known check (state in ('pending', 'approved', 'rejected', 'expired', 'cancelled')),
  -- null: it is owed until it is decided
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  decided_by uuid,
  decided_by_name text constraint ticket_decider_is_bounded check (length(decided_by_name) <= 400),
  comment text not null default '' constraint ticket_comment_is_bounded check (length(comment) <= 2000),
  -- what was approved, where it is less than what was asked for
  given jsonb constraint ticket_given_is_bounded check (length(given::text) <= 65536),
  constraint ticket_is_never_reviewed_by_its_asker check (not asked_by = any (reviewers)),
  constraint ticket_ends_with_its_state check ((state = 'pending') = (decided_at is null)),
  constraint ticket_is_decided_by_a_reviewer
    check (state not in ('approved', 'rejected') or (decided_by is not null and decided_by = any (reviewers))),
  constraint ticket_is_decided_in_time
    check (state not in ('approved', 'rejected') or expires_at is null or decided_at < expires_at),
  constraint ticket_expires_at_its_time check (state <> 'expired' or (expires_at is not null and decided_at >= expires_at)),
  constraint ticket_gives_only_when_approved check (given is null or state = 'approved')
);
create index ticket_by_organization on ticket (org_id, created_at, id);
create index ticket_by_asker on ticket (org_id, asked_by, created_at, id);
create index ticket_by_reviewer on ticket using gin (reviewers);
create index ticket_by_end on ticket (expires_at) where state = 'pending';
create index ticket_by_age on ticket (decided_at) where state <> 'pending';

-- Born pending, decided once, by somebody who is active in the organization at that moment.
create function ticket_moves_once() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'pending' then
      raise exception 'a ticket begins undecided' using errcode = '23514', constraint = 'ticket_begins_pending';
    end if;
    return new;
  end if;
  if old.state <> 'pending' then
    raise exception 'a ticket that has ended stays as it ended' using errcode = '23514', constraint = 'ticket_is_decided_once';
  end if;
  if new.state in ('approved', 'rejected') and not exists (
    select from membership m join users u on u.id = m.user_id
    where m.org_id = new.org_id and m.user_id = new.decided_by and u.active and u.kind = 'person'
      and (u.expires_at is null or u.expires_at > new.decided_at)) then
    raise exception 'who decides is active in the organization' using errcode = '23514', constraint = 'ticket_is_decided_by_an_active_member';
  end if;
  return new;
end $$;
create trigger ticket_moves_once before insert or update on ticket for each row execute function ticket_moves_once();

create function tell_ticket_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('ticket_changed', to_json(new.id)::text);
  return null;
end $$;
create trigger ticket_changed after update of state on ticket for each row execute function tell_ticket_changed();

-- What was asked, by whom and of whom stays as it was.
grant select, insert, delete on ticket to sallyport_app;
grant update (state, decided_at, decided_by, decided_by_name, comment, given) on ticket to sallyport_app;
