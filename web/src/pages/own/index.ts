import type { PageEntry } from "../page.ts";

export const ownPages: readonly PageEntry[] = [];
