import { Fault } from "./fault.ts";

/** A closed list of interchangeable things (protocols, stores, backends), each known by its `kind`. */
export interface Registry<T extends { readonly kind: string }> {
  /** The entry of that kind; Fault `invalid` naming the known kinds if there is none. */
  get(kind: string): T;
  /** All entries, in the order of the list. */
  list(): readonly T[];
}

/** Builds a registry; throws at start-up when two entries share a kind. */
export function registry<T extends { readonly kind: string }>(what: string, entries: readonly T[]): Registry<T> {
  const byKind = new Map(entries.map((entry) => [entry.kind, entry]));
  if (byKind.size !== entries.length) throw new Error(`Two entries of the ${what} list share a kind`);
  return {
    get(kind) {
      const entry = byKind.get(kind);
      if (!entry) throw new Fault("invalid", `Unknown ${what} "${kind}". Known: ${[...byKind.keys()].join(", ")}.`);
      return entry;
    },
    list: () => entries,
  };
}
