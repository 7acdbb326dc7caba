import { readObject, type Store } from "../stores/index.ts";
import { MAX_MANIFEST, manifestKey, sha256 } from "./segment.ts";

const MANIFEST = /^recordings\/[^/]+\/([^/]+)\/manifest\.json$/;

/** The ids of the sealed recordings in the store. */
export async function* listRecordings(store: Store): AsyncGenerator<string> {
  for await (const { key } of store.list("recordings/")) {
    const id = MANIFEST.exec(key)?.[1];
    if (id !== undefined && manifestKey(id) === key) yield id;
  }
}

/** SHA-256 of a recording's signed manifest as it is stored, in hex; Fault `not_found` if there is none. */
export const manifestDigest = async (store: Store, id: string): Promise<string> =>
  sha256(await readObject(store, manifestKey(id), MAX_MANIFEST));
