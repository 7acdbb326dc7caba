import type { Chinese } from "./text.ts";

export const en = {} as const;

export const zh: Chinese<typeof en> = {};
