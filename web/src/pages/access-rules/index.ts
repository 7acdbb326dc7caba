import type { PageEntry } from "../page.ts";

export const accessRulePages: readonly PageEntry[] = [
  {
    path: "/console/access-rules",
    place: "console",
    title: "accessRules.title",
    section: "shell.sections.access",
    permission: "access-rule.list",
    load: () => import("./access-rules.tsx"),
  },
  {
    path: "/console/access-check",
    place: "console",
    title: "accessRules.check.title",
    section: "shell.sections.access",
    permission: "access-rule.preview",
    load: () => import("./access-check.tsx"),
  },
];
