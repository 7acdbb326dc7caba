import type { PageEntry } from "../page.ts";

export const auditPages: readonly PageEntry[] = [
  {
    path: "/audit/events",
    place: "audit",
    title: "shell.nav.events",
    section: "shell.sections.events",
    permission: "audit.event.list",
    load: () => import("./events.tsx"),
  },
];
