import { sql } from "kysely";
import type { Db } from "../../db/index.ts";

export interface HostKeyPlace {
  orgId: string;
  assetId: string;
  host: string;
  port: number;
}

export interface SeenKey {
  algorithm: string;
  fingerprint: string;
}

const at = (place: HostKeyPlace) => ({
  org_id: place.orgId,
  asset_id: place.assetId,
  host: place.host,
  port: place.port,
});

export const listHostKeys = (db: Db, orgId: string, assetId: string) =>
  db
    .selectFrom("asset_host_key")
    .where("org_id", "=", orgId)
    .where("asset_id", "=", assetId)
    .select(["host", "port", "state", "algorithm", "fingerprint", "seen_at as seenAt"])
    .orderBy("port")
    .orderBy("state", "desc")
    .limit(100)
    .execute();

export async function pinnedKey(db: Db, place: HostKeyPlace): Promise<SeenKey | null> {
  const row = await db
    .selectFrom("asset_host_key")
    .select(["algorithm", "fingerprint"])
    .where((row) => row.and({ ...at(place), state: "pinned" }))
    .executeTakeFirst();
  return row ?? null;
}

/** Pins the key unless one is pinned already; returns whichever is pinned now. */
export async function pinFirst(db: Db, place: HostKeyPlace, key: SeenKey): Promise<SeenKey> {
  await db
    .insertInto("asset_host_key")
    .values({ ...at(place), ...key, state: "pinned" })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await pinnedKey(db, place)) ?? key;
}

/** Keeps a key that differs from the pinned one, for a person to look at. */
export async function keepOffered(db: Db, place: HostKeyPlace, key: SeenKey): Promise<void> {
  await db
    .insertInto("asset_host_key")
    .values({ ...at(place), ...key, state: "offered" })
    .onConflict((conflict) =>
      conflict.columns(["org_id", "asset_id", "host", "port", "state"]).doUpdateSet({ ...key, seen_at: sql`now()` }),
    )
    .execute();
}

/** Makes the offered key the pinned one; false when no such key was offered there. */
export async function acceptOffered(
  db: Db,
  asset: { orgId: string; assetId: string; host: string },
  key: { port: number; fingerprint: string },
): Promise<boolean> {
  const place = at({ ...asset, port: key.port });
  const offered = await db
    .deleteFrom("asset_host_key")
    .where((row) => row.and({ ...place, state: "offered", fingerprint: key.fingerprint }))
    .returning(["algorithm", "fingerprint"])
    .executeTakeFirst();
  if (!offered) return false;
  await db
    .deleteFrom("asset_host_key")
    .where((row) => row.and({ ...place, state: "pinned" }))
    .execute();
  await db
    .insertInto("asset_host_key")
    .values({ ...place, ...offered, state: "pinned" })
    .execute();
  return true;
}
