import type { PageEntry } from "../page.ts";

export const identityPages: readonly PageEntry[] = [
  {
    path: "/console/users",
    place: "console",
    title: "identity.users.title",
    section: "shell.sections.identity",
    permission: "user.list",
    load: () => import("./users.tsx"),
  },
  {
    path: "/console/users/import",
    place: "console",
    title: "orgs.transfer.title",
    permission: "user.import",
    load: () => import("./import.tsx"),
  },
  {
    path: "/console/users/:id",
    place: "console",
    title: "identity.users.one",
    permission: "user.read",
    load: () => import("./user.tsx"),
  },
  {
    path: "/console/groups",
    place: "console",
    title: "identity.groups.title",
    section: "shell.sections.identity",
    permission: "group.list",
    load: () => import("./groups.tsx"),
  },
  {
    path: "/console/groups/:id",
    place: "console",
    title: "identity.groups.one",
    permission: "group.read",
    load: () => import("./group.tsx"),
  },
  {
    path: "/console/roles",
    place: "console",
    title: "identity.roles.title",
    section: "shell.sections.identity",
    permission: "role.list",
    load: () => import("./roles.tsx"),
  },
];
