import type { PageEntry } from "../page.ts";

export const tokenPages: readonly PageEntry[] = [
  {
    path: "/console/service-accounts",
    place: "console",
    title: "tokens.services.title",
    section: "shell.sections.identity",
    permission: "service-account.list",
    load: () => import("./services.tsx"),
  },
  {
    path: "/console/service-accounts/:id",
    place: "console",
    title: "tokens.services.one",
    permission: "service-account.read",
    load: () => import("./service.tsx"),
  },
  {
    path: "/console/ssh-authority",
    place: "console",
    title: "tokens.authority.title",
    section: "shell.sections.identity",
    permission: "ssh-authority.read",
    load: () => import("./authority.tsx"),
  },
  { path: "/device", place: "workspace", title: "tokens.device.title", load: () => import("./device.tsx") },
];
