-- Sign-in backends: when a directory was last read, and what a mapping may be.
alter table sign_in_backend add column synced_at timestamptz;

create unique index mapping_is_listed_once
  on backend_mapping (backend_id, lower(outside_group), org_id, group_id, role_id) nulls not distinct;
create unique index mapped_member_is_noted_once
  on mapped_member (backend_id, user_id, org_id, group_id, role_id) nulls not distinct;
alter table mapped_member
  add constraint mapped_member_gives_one_thing check ((group_id is null) <> (role_id is null)),
  add constraint mapped_member_user_is_of_the_organization foreign key (org_id, user_id)
    references membership (org_id, user_id) on delete cascade,
  add constraint mapped_member_group_is_of_the_organization foreign key (org_id, group_id)
    references user_group (org_id, id) on delete cascade,
  add constraint mapped_member_role_is_known foreign key (role_id) references role on delete cascade;
create index mapped_member_by_group on mapped_member (org_id, group_id);
create index mapped_member_by_membership on mapped_member (org_id, user_id);
