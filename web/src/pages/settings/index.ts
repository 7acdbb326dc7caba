import type { PageEntry } from "../page.ts";

export const settingsPages: readonly PageEntry[] = [
  {
    path: "/console/settings",
    place: "console",
    title: "settings.title",
    section: "shell.sections.system",
    permission: "settings.list",
    load: () => import("./site-settings.tsx"),
  },
  {
    path: "/console/settings/:key",
    place: "console",
    title: "settings.title",
    permission: "settings.read",
    load: () => import("./site-settings.tsx"),
  },
  {
    path: "/console/organization-settings",
    place: "console",
    title: "settings.ofOrganization",
    section: "shell.sections.system",
    permission: "organization-settings.list",
    load: () => import("./organization-settings.tsx"),
  },
  {
    path: "/console/organization-settings/:key",
    place: "console",
    title: "settings.ofOrganization",
    permission: "organization-settings.read",
    load: () => import("./organization-settings.tsx"),
  },
];
