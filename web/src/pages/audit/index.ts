import type { PageEntry } from "../page.ts";

export const auditPages: readonly PageEntry[] = [
  {
    path: "/audit/live",
    place: "audit",
    title: "audit.live.title",
    section: "shell.sections.live",
    permission: "session.list",
    load: () => import("./live.tsx"),
  },
  {
    path: "/audit/sessions",
    place: "audit",
    title: "audit.sessions.title",
    section: "shell.sections.live",
    permission: "session.list",
    load: () => import("./history.tsx"),
  },
  {
    path: "/audit/sessions/:id",
    place: "audit",
    title: "audit.sessions.one",
    permission: "session.read",
    load: () => import("./session.tsx"),
  },
  {
    path: "/audit/events",
    place: "audit",
    title: "shell.nav.events",
    section: "shell.sections.events",
    permission: "audit.event.list",
    load: () => import("./events.tsx"),
  },
];
