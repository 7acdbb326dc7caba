import type { PageEntry } from "../page.ts";

export const workspacePages: readonly PageEntry[] = [];
