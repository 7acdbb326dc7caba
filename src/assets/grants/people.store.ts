import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import { rulesInForce, rulesOfAsset } from "./decision.store.ts";

/** Active accounts of an asset, at most 200 in the order of their names. */
export const accountsOf = (db: Db, orgId: string, assetId: string, accountId: string | undefined) =>
  db
    .selectFrom("account")
    .where("org_id", "=", orgId)
    .where("asset_id", "=", assetId)
    .where("active", "=", true)
    .$if(accountId !== undefined, (query) => query.where("id", "=", accountId ?? ""))
    .select(["id", "name", "username"])
    .orderBy("sort_name")
    .limit(200)
    .execute();

/**
 * A page of the active people whom a rule in force joins to an asset, where the rule covers one of these account names for
 * them or, with `virtual`, an account that is typed. Whether it then lets them do something is for the decision to say: another rule may exclude the account.
 */
export function peopleNear(
  db: Db,
  near: { orgId: string; assetId: string; accountNames: readonly string[]; virtual: boolean },
  filter: { search?: string | undefined; limit: number; cursor?: string | undefined },
  now: Date,
) {
  const { orgId, assetId, accountNames, virtual } = near;
  const names = sql`${accountNames}::text[]`;
  const covers = sql`g.all_accounts or g.account_names && ${names} or (${virtual}::boolean and g.virtual_accounts <> '{}')`;
  const people = sql<{ user_id: string }>`(
    with over as materialized (
      select g.id, ${covers} as whoever from access_grant g
      where ${rulesInForce(orgId, now)} and (${covers} or 'same_name' = any(g.virtual_accounts))
        and g.id in (${rulesOfAsset(sql`select ${orgId}::uuid as org_id, ${assetId}::uuid as asset_id`)})),
    named as materialized (
      select x.user_id, over.whoever from over cross join lateral
        (select user_id from grant_user where org_id = ${orgId} and grant_id = over.id offset 0) x
      union select x.user_id, over.whoever from over cross join lateral
        (select m.user_id from grant_group gg join group_member m on m.org_id = gg.org_id and m.group_id = gg.group_id
          where gg.org_id = ${orgId} and gg.grant_id = over.id offset 0) x)
    select user_id from named where whoever
    union select u.id from named join users u on u.id = named.user_id where u.login_name = any(${names}))`;
  let query = db
    .selectFrom(people.as<"near">(sql`near`))
    .innerJoin("users", "users.id", "near.user_id")
    .where("users.active", "=", true)
    .select(["users.id", "users.name", "users.login_name as loginName"]);
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) =>
      row.or([row("users.name", "ilike", pattern), row("users.login_name", "ilike", pattern)]),
    );
  }
  return page(query, { by: "users.sort_name", id: "users.id", limit: filter.limit, cursor: filter.cursor });
}
