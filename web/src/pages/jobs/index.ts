import type { PageEntry } from "../page.ts";

export const jobPages: readonly PageEntry[] = [
  {
    path: "/console/jobs",
    place: "console",
    title: "jobs.title",
    section: "shell.sections.system",
    permission: "job.list",
    load: () => import("./jobs.tsx"),
  },
  {
    path: "/console/jobs/:id",
    place: "console",
    title: "jobs.one",
    permission: "job.read",
    load: () => import("./job.tsx"),
  },
  {
    path: "/jobs",
    place: "workspace",
    title: "jobs.mine",
    section: "shell.sections.mine",
    load: () => import("./my-jobs.tsx"),
  },
  {
    path: "/jobs/:id",
    place: "workspace",
    title: "jobs.one",
    load: () => import("./my-job.tsx"),
  },
];
