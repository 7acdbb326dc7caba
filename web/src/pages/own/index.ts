import type { PageEntry } from "../page.ts";

export const ownPages: readonly PageEntry[] = [
  {
    path: "/me",
    place: "workspace",
    title: "shell.nav.own",
    section: "shell.sections.mine",
    load: () => import("./own.tsx"),
  },
];
