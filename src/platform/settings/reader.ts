import type { z } from "zod";
import type { Database, Db, Listener } from "../../db/index.ts";
import { effective, type Layer, type SettingsGroup } from "./group.ts";
import type { Owner, SettingStore } from "./setting.store.ts";

/** A signal may be lost with a connection that dies in silence: nothing is believed for longer than this. */
const FRESH_MS = 50_000;
const MOST_ENTRIES = 20_000;

interface Kept {
  readonly values: unknown;
  readonly at: number;
}

/** Reads settings, and keeps them in the process while changes are signalled. */
export type SettingsReader = ReturnType<typeof createSettingsReader>;

export function createSettingsReader(deps: {
  readonly database: Pick<Database, "db">;
  readonly store: SettingStore;
  /** Whether changes are heard of at this moment; nothing is kept while they are not. */
  readonly hears: () => boolean;
}) {
  const { database, store, hears } = deps;
  const kept = new Map<string, Kept>();
  const loading = new Map<string, Promise<unknown>>();
  let generation = 0;

  function forget(): void {
    generation++;
    kept.clear();
    loading.clear();
  }

  async function load(group: SettingsGroup, owner: Owner, db: Db): Promise<unknown> {
    const began = generation;
    const at = performance.now();
    const layers: Layer[] = [await store.readLayer(db, null, group.key)];
    if (owner !== null && group.scope === "organization") layers.push(await store.readLayer(db, owner, group.key));
    const values = freeze(effective(group, layers));
    // A change may have come in between: then the next reader reads again.
    if (began !== generation || !hears()) return values;
    if (kept.size >= MOST_ENTRIES) kept.clear();
    kept.set(keyOf(group, owner), { values, at });
    return values;
  }

  return {
    /**
     * The values that hold for the organization (null: for the installation). They come from memory as a rule, at most a
     * minute old. Within a transaction pass its `db`, for otherwise a second connection may be waited for.
     */
    async read<S extends z.ZodObject>(group: SettingsGroup<S>, owner: Owner = null, db?: Db): Promise<z.output<S>> {
      const key = keyOf(group, owner);
      const found = kept.get(key);
      if (found && hears() && performance.now() - found.at < FRESH_MS) return found.values as z.output<S>;
      if (db) return (await load(group, owner, db)) as z.output<S>;
      let work = loading.get(key);
      if (!work) {
        work = load(group, owner, database.db).finally(() => loading.delete(key));
        loading.set(key, work);
      }
      return (await work) as z.output<S>;
    },

    /** Past the memory: for what is about to be used and was perhaps changed a moment ago. */
    async readNow<S extends z.ZodObject>(group: SettingsGroup<S>, owner: Owner, db: Db): Promise<z.output<S>> {
      return (await load(group, owner, db)) as z.output<S>;
    },

    listener: {
      notified: forget,
      reconnected: forget,
    } satisfies Pick<Listener, "notified" | "reconnected">,
  };
}

const keyOf = (group: SettingsGroup, owner: Owner): string =>
  group.scope === "site" ? group.key : `${group.key} ${owner ?? ""}`;

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}
