import type { Presence } from "../../iam/index.ts";

/** Somebody on a connection, a web terminal or a watcher's socket. */
export interface Visitor {
  readonly presence: Presence;
  end(words: string): void;
}

/** Those whom this process has let in, and whether they may stay. */
export interface Visitors {
  /** Returns how to leave. */
  enter(visitor: Visitor): () => void;
  /** Ends those who may not stay. */
  recheck(): Promise<void>;
}

const WORDS = "Your access ended.";

/** `ask` decides for many at once; see iam's `stillPresent`. */
export function createVisitors(ask: (presences: readonly Presence[]) => Promise<boolean[]>): Visitors {
  const inside = new Set<Visitor>();
  return {
    enter(visitor) {
      inside.add(visitor);
      return () => void inside.delete(visitor);
    },
    async recheck() {
      const asked = [...inside];
      const stays = await ask(asked.map(({ presence }) => presence));
      asked.forEach((visitor, index) => {
        if (!stays[index] && inside.delete(visitor)) visitor.end(WORDS);
      });
    },
  };
}
