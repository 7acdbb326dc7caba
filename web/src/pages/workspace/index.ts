import type { PageEntry } from "../page.ts";

export const workspacePages: readonly PageEntry[] = [
  {
    path: "/",
    place: "workspace",
    title: "shell.nav.myAssets",
    section: "shell.sections.mine",
    load: () => import("./workspace.tsx"),
  },
  {
    path: "/sessions",
    place: "workspace",
    title: "shell.nav.mySessions",
    section: "shell.sections.mine",
    load: () => import("./my-sessions.tsx"),
  },
];
