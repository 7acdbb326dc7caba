import type { PageEntry } from "../page.ts";

export const organizationPages: readonly PageEntry[] = [
  {
    path: "/console/organizations",
    place: "console",
    title: "orgs.title",
    section: "shell.sections.system",
    permission: "organization.list",
    load: () => import("./organizations.tsx"),
  },
  {
    path: "/console/organizations/:id",
    place: "console",
    title: "orgs.one",
    permission: "organization.read",
    load: () => import("./organization.tsx"),
  },
  {
    path: "/console/all-users",
    place: "console",
    title: "orgs.siteUsers.title",
    section: "shell.sections.system",
    permission: "site-user.list",
    load: () => import("./site-users.tsx"),
  },
];
