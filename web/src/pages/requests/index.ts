import type { PageEntry } from "../page.ts";

/** What everybody has: asking, and deciding what one reviews. */
export const myRequestPages: readonly PageEntry[] = [
  {
    path: "/requests",
    place: "workspace",
    title: "requests.mine",
    section: "shell.sections.mine",
    load: () => import("./my-requests.tsx"),
  },
  {
    path: "/to-decide",
    place: "workspace",
    title: "requests.toDecide",
    section: "shell.sections.mine",
    load: () => import("./to-decide.tsx"),
  },
  {
    path: "/requests/:id",
    place: "workspace",
    title: "requests.one",
    load: () => import("./my-request.tsx"),
  },
];

/** What administrators and auditors see of requests. */
export const requestPages: readonly PageEntry[] = [
  {
    path: "/console/requests",
    place: "console",
    title: "requests.title",
    section: "shell.sections.access",
    permission: "ticket.list",
    load: () => import("./requests.tsx"),
  },
  {
    path: "/console/requests/:id",
    place: "console",
    title: "requests.one",
    permission: "ticket.read",
    load: () => import("./request.tsx"),
  },
  {
    path: "/console/request-rules",
    place: "console",
    title: "requests.rules.title",
    section: "shell.sections.access",
    permission: "request-rule.list",
    load: () => import("./request-rules.tsx"),
  },
];
