import type { Db } from "../../db/index.ts";
import type { Mark } from "./schema.ts";

/** Whose mark, on what. */
export interface Place {
  readonly orgId: string;
  readonly userId: string;
  readonly assetId: string;
}

/** What is true of an asset that a person did not mark. */
export const UNMARKED: Mark = { favourite: false, ownName: null };

const marks = (db: Db, { orgId, userId }: Omit<Place, "assetId">) =>
  db.selectFrom("asset_mark").where("org_id", "=", orgId).where("user_id", "=", userId);

/** The person's marks on these assets, by the asset's id; who has none is not in it. */
export async function marksOf(
  db: Db,
  { orgId, userId }: Omit<Place, "assetId">,
  assetIds: readonly string[],
): Promise<ReadonlyMap<string, Mark>> {
  if (assetIds.length === 0) return new Map();
  const found = await marks(db, { orgId, userId })
    .where("asset_id", "in", assetIds)
    .select(["asset_id", "favourite", "own_name as ownName"])
    .execute();
  return new Map(found.map(({ asset_id, ...mark }) => [asset_id, mark]));
}

/** Locked until the transaction ends, so that two changes at once add up. */
export async function lockMark(db: Db, { assetId, ...of }: Place): Promise<Mark> {
  const found = await marks(db, of)
    .where("asset_id", "=", assetId)
    .select(["favourite", "own_name as ownName"])
    .forUpdate()
    .executeTakeFirst();
  return found ?? UNMARKED;
}

/** How many favourites the person has in the organization. */
export async function countFavourites(db: Db, of: Omit<Place, "assetId">): Promise<number> {
  const { count } = await marks(db, of)
    .where("favourite", "=", true)
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** A mark that says nothing any more is not kept. */
export async function putMark(db: Db, { orgId, userId, assetId }: Place, { favourite, ownName }: Mark): Promise<void> {
  if (!favourite && ownName === null) {
    await db
      .deleteFrom("asset_mark")
      .where("org_id", "=", orgId)
      .where("user_id", "=", userId)
      .where("asset_id", "=", assetId)
      .execute();
    return;
  }
  const values = { favourite, own_name: ownName };
  await db
    .insertInto("asset_mark")
    .values({ org_id: orgId, user_id: userId, asset_id: assetId, ...values })
    .onConflict((conflict) => conflict.columns(["org_id", "user_id", "asset_id"]).doUpdateSet(values))
    .execute();
}
