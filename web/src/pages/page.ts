import type { ParseKeys, TFunction } from "i18next";
import type { ComponentType } from "react";

export type Place = "workspace" | "console" | "audit";

/** A page of the console: where it stands, who may see it, and how its code is loaded. */
export interface PageEntry {
  readonly path: string;
  readonly place: Place;
  /** The key of its name. */
  readonly title: ParseKeys;
  /** Under which heading it stands at the left; without one it is reached only by links. */
  readonly section?: ParseKeys;
  /** The permission it needs; everybody signed in when there is none. */
  readonly permission?: string;
  readonly load: () => Promise<{ readonly Page: ComponentType }>;
}

/** The words of a page's title or section. The key was checked where the page is declared. */
export const titleOf = (t: TFunction, key: ParseKeys): string => (t as (key: string) => string)(key);
