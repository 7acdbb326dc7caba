-- The rules that end next, without looking through all of them.
create index grant_by_end on access_grant (org_id, expires_at, id) where active and expires_at is not null;
