import type { z } from "zod";
import { Fault } from "../../core/index.ts";

/** Where sealed recordings are kept: named objects, written whole. A test runs the same contract over every kind. */
export interface Store {
  readonly kind: string;
  /** Stores the object; a reader sees the old one or the new one whole. Durable when it resolves. Replaces silently. */
  write(key: string, data: Buffer | AsyncIterable<Buffer>, signal?: AbortSignal): Promise<void>;
  /** The object's bytes from `start` up to but without `end`. Fault `not_found` if there is no such object. */
  read(key: string, range?: { readonly start: number; readonly end: number }): AsyncIterable<Buffer>;
  /** Bytes of the object, null if there is none. */
  size(key: string): Promise<number | null>;
  /** The objects whose keys begin with `prefix`, in order of their keys. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly size: number }>;
  /** Removes the object; not an error if there is none. */
  remove(key: string): Promise<void>;
  /** Writes, reads and removes a small object; Fault `unavailable` says what went wrong. */
  check(): Promise<void>;
}

/** An entry of the list of stores. */
export interface StoreKind<S extends z.ZodType = z.ZodType> {
  readonly kind: string;
  readonly title: string;
  readonly settings: S;
  create(settings: z.output<S>): Store;
}

const PART = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** Throws Fault `invalid` unless every part between slashes is 1 to 128 of A-Z a-z 0-9 . _ - and begins with no dot. */
export function assertKey(key: string): void {
  if (key.length > 512 || !key.split("/").every((part) => PART.test(part)))
    throw new Fault("invalid", "Not a store key.");
}

/** Throws Fault `invalid` unless the prefix could begin a key. */
export function assertPrefix(prefix: string): void {
  if (prefix !== "") assertKey(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix);
}

/** The whole object. Fault `too_large` beyond `maxBytes`, `not_found` if there is none. */
export async function readObject(
  store: Store,
  key: string,
  maxBytes: number,
  range?: { readonly start: number; readonly end: number },
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of store.read(key, range)) {
    size += part.length;
    if (size > maxBytes) throw new Fault("too_large", `The stored object ${key} is larger than it may be.`);
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
}
