import { createHash } from "node:crypto";

const MOST = 50;

/** Keeps what a provider publishes about itself for a while, so that not every sign-in asks for it; 50 at most. */
export function keptFor<T>(ms: number) {
  const kept = new Map<string, { readonly value: T; readonly until: number }>();
  return async (what: readonly string[], read: () => Promise<T>): Promise<T> => {
    const key = createHash("sha256").update(JSON.stringify(what)).digest("base64");
    const found = kept.get(key);
    if (found && found.until > Date.now()) return found.value;
    const value = await read();
    kept.delete(key);
    const [oldest] = kept.keys();
    if (kept.size >= MOST && oldest !== undefined) kept.delete(oldest);
    kept.set(key, { value, until: Date.now() + ms });
    return value;
  };
}
