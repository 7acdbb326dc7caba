import type { PageEntry } from "../page.ts";

export const backendPages: readonly PageEntry[] = [
  {
    path: "/console/sign-in",
    place: "console",
    title: "backends.title",
    section: "shell.sections.system",
    permission: "sign-in-backend.list",
    load: () => import("./backends.tsx"),
  },
  {
    path: "/console/sign-in/:id",
    place: "console",
    title: "backends.one",
    permission: "sign-in-backend.read",
    load: () => import("./backend.tsx"),
  },
];
