-- Roles that people make, and what losing a permission means for who is in.
create unique index role_name_is_unique on role (coalesce(org_id, '00000000-0000-0000-0000-000000000000'), lower(name));

alter table role
  add constraint role_name_is_bounded check (length(name) between 1 and 128),
  add constraint role_description_is_bounded check (length(description) <= 2000),
  add constraint role_holds_a_bounded_number check (cardinality(permissions) <= 1000);

-- Whoever watches or listens by a permission is asked anew when their role changes.
create trigger access_changed after update of permissions or delete on role for each statement execute function tell_access_changed();
create index role_binding_by_role on role_binding (role_id, org_id);
create index system_role_binding_by_role on system_role_binding (role_id);
