import type { PageEntry } from "../page.ts";

export const kitPages: readonly PageEntry[] = [
  { path: "/kit", place: "workspace", title: "shell.nav.kit", load: () => import("./kit.tsx") },
];
