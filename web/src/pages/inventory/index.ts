import type { PageEntry } from "../page.ts";

export const inventoryPages: readonly PageEntry[] = [
  {
    path: "/console/assets",
    place: "console",
    title: "inventory.assets.title",
    section: "shell.sections.inventory",
    permission: "asset.list",
    load: () => import("./assets.tsx"),
  },
  {
    path: "/console/assets/:id",
    place: "console",
    title: "inventory.assets.one",
    permission: "asset.read",
    load: () => import("./asset.tsx"),
  },
  {
    path: "/console/accounts",
    place: "console",
    title: "inventory.accounts.title",
    section: "shell.sections.inventory",
    permission: "account.list",
    load: () => import("./accounts.tsx"),
  },
];
