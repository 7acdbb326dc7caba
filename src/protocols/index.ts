import { registry } from "../core/index.ts";
import { ssh } from "./ssh/entry.ts";

export * from "./ssh/index.ts";

/** Every protocol a target may speak. */
export const protocols = registry("protocol", [ssh]);
