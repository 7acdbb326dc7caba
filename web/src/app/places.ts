import type { Me } from "../../../src/iam/schema.ts";
import { pages } from "../pages/index.ts";
import type { PageEntry, Place } from "../pages/page.ts";

const PLACES: readonly Place[] = ["workspace", "console", "audit"];

/** Whether the person may enter a page. */
export const mayEnter = (me: Me, { permission }: PageEntry): boolean =>
  permission === undefined || me.permissions.includes(permission);

/** The pages of a place that stand in its navigation, as the person may see them. */
export const pagesOf = (me: Me, place: Place): readonly PageEntry[] =>
  pages.filter((page) => page.place === place && page.section !== undefined && mayEnter(me, page));

/** The places that the person may enter, each with the page it opens on. */
export const placesOf = (me: Me): readonly { place: Place; home: string }[] =>
  PLACES.flatMap((place) => {
    const home = pagesOf(me, place)[0];
    return home ? [{ place, home: home.path }] : [];
  });

/** The page that an address belongs to; details belong to the list before them. */
export const pageAt = (path: string): PageEntry | undefined =>
  pages.find((page) => page.path === path) ??
  pages.filter((page) => page.path.includes(":") && matches(page.path, path))[0] ??
  pages.filter((page) => page.path !== "/" && path.startsWith(`${page.path}/`))[0];

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((part, at) => part.startsWith(":") || part === given[at]);
}
