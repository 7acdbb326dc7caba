import { sql } from "kysely";
import { containing, type Db, page } from "../../db/index.ts";
import type { Account } from "./schema.ts";

const accounts = (db: Db, orgId: string) =>
  db
    .selectFrom("account")
    .innerJoin("asset", (on) =>
      on.onRef("asset.org_id", "=", "account.org_id").onRef("asset.id", "=", "account.asset_id"),
    )
    .where("account.org_id", "=", orgId)
    .select([
      "account.id",
      "account.asset_id as assetId",
      "asset.name as assetName",
      "account.name",
      "account.username",
      "account.secret_kind as secretKind",
      sql<boolean>`account.secret is not null`.as("hasSecret"),
      "account.secret_changed_at as secretChangedAt",
      "account.comment",
      "account.active",
      "account.version",
      "account.created_at as createdAt",
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof accounts>["executeTakeFirstOrThrow"]>>;

const toAccount = ({ assetId, assetName, ...row }: Row): Account => ({
  ...row,
  asset: { id: assetId, name: assetName },
  secretKind: row.secretKind as Account["secretKind"],
  secretChangedAt: row.secretChangedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});

export async function findAccount(db: Db, orgId: string, id: string): Promise<Account | null> {
  const row = await accounts(db, orgId).where("account.id", "=", id).executeTakeFirst();
  return row ? toAccount(row) : null;
}

export async function listAccounts(
  db: Db,
  orgId: string,
  filter: { search?: string | undefined; assetId?: string | undefined; limit: number; cursor?: string | undefined },
) {
  let query = accounts(db, orgId);
  if (filter.assetId) query = query.where("account.asset_id", "=", filter.assetId);
  if (filter.search) {
    const pattern = containing(filter.search);
    query = query.where((row) =>
      row.or([
        row("account.name", "ilike", pattern),
        row("account.username", "ilike", pattern),
        row("asset.name", "ilike", pattern),
      ]),
    );
  }
  const found = await page(query, {
    by: "account.sort_name",
    id: "account.id",
    limit: filter.limit,
    cursor: filter.cursor,
  });
  return { items: found.items.map((row) => toAccount(row)), next: found.next };
}
