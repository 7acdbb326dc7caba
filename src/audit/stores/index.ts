import { registry } from "../../core/index.ts";
import { disk } from "./disk.ts";

export { readObject, type Store } from "./store.ts";

/** Every kind of recording store. A new one is a file here and a line in this list. */
export const stores = registry("recording store", [disk]);
