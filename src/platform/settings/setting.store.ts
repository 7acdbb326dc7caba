import type { Db, Sealer } from "../../db/index.ts";
import { EMPTY_LAYER, type Layer, type Values } from "./group.ts";

/** Whose layer: an organization's, or null for the site's. */
export type Owner = string | null;

const contextOf = (owner: Owner, key: string): string => `setting:${owner ?? "site"}:${key}`;

export interface SettingStore {
  readLayer(db: Db, owner: Owner, key: string, lock?: boolean): Promise<Layer>;
  /** False when somebody else wrote it since `version`; 0 stands for no row. */
  writeLayer(db: Db, owner: Owner, key: string, layer: Layer): Promise<boolean>;
}

export function createSettingStore({ sealer }: { sealer: Sealer }): SettingStore {
  const seal = (owner: Owner, key: string, secret: Values): Buffer | null =>
    Object.keys(secret).length === 0 ? null : sealer.seal(JSON.stringify(secret), contextOf(owner, key));

  return {
    async readLayer(db, owner, key, lock = false) {
      let query = db
        .selectFrom("setting")
        .select(["value", "sealed", "version", "updated_at"])
        .where("key", "=", key)
        .where("org_id", "is not distinct from", owner);
      if (lock) query = query.forUpdate();
      const row = await query.executeTakeFirst();
      if (!row) return EMPTY_LAYER;
      const text = row.sealed && sealer.open(row.sealed, contextOf(owner, key)).toString();
      return {
        version: row.version,
        updatedAt: row.updated_at,
        open: row.value as Values,
        secret: text ? (JSON.parse(text) as Values) : {},
      };
    },

    async writeLayer(db, owner, key, { version, updatedAt, open, secret }) {
      const content = { value: JSON.stringify(open), sealed: seal(owner, key, secret), updated_at: updatedAt! };
      if (version === 0) {
        const made = await db
          .insertInto("setting")
          .values({ org_id: owner, key, ...content })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        return made.numInsertedOrUpdatedRows === 1n;
      }
      const done = await db
        .updateTable("setting")
        .set({ ...content, version: version + 1 })
        .where("key", "=", key)
        .where("org_id", "is not distinct from", owner)
        .where("version", "=", version)
        .executeTakeFirst();
      return done.numUpdatedRows === 1n;
    },
  };
}
