-- What people note for themselves about assets: favourites, and names of their own.
create table asset_mark (
  org_id uuid not null,
  user_id uuid not null,
  asset_id uuid not null,
  favourite boolean not null default false,
  own_name text constraint own_name_is_bounded check (length(own_name) between 1 and 128),
  primary key (org_id, user_id, asset_id),
  constraint mark_says_something check (favourite or own_name is not null),
  constraint mark_user_is_of_the_organization foreign key (org_id, user_id) references membership (org_id, user_id) on delete cascade,
  constraint mark_asset_is_of_the_organization foreign key (org_id, asset_id) references asset (org_id, id) on delete cascade
);
create index asset_mark_by_asset on asset_mark (org_id, asset_id);

grant select, insert, update, delete on asset_mark to sallyport_app;
