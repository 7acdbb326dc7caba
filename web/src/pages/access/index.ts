import type { PageEntry } from "../page.ts";

export const accessPages: readonly PageEntry[] = [
  {
    path: "/console/rules",
    place: "console",
    title: "access.rules.title",
    section: "shell.sections.access",
    permission: "grant.list",
    load: () => import("./rules.tsx"),
  },
  {
    path: "/console/rules/import",
    place: "console",
    title: "access.import.title",
    permission: "grant.import",
    load: () => import("./import.tsx"),
  },
  {
    path: "/console/rules/:id",
    place: "console",
    title: "access.rules.one",
    permission: "grant.read",
    load: () => import("./rule.tsx"),
  },
  {
    path: "/console/why",
    place: "console",
    title: "why.title",
    section: "shell.sections.access",
    permission: "grant.explanation.read",
    load: () => import("./why.tsx"),
  },
  {
    path: "/console/expiring",
    place: "console",
    title: "access.expiring.title",
    section: "shell.sections.access",
    permission: "grant.list",
    load: () => import("./expiring.tsx"),
  },
];
