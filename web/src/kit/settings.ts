import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import type { Density, Mode } from "../theme.ts";

/** How the person wants the console to look. */
export interface Look {
  readonly mode: Mode;
  readonly density: Density;
}

export const LookContext = createContext<Look>({ mode: "light", density: "compact" });

/** The mode and density on the screen. */
export const useLook = (): Look => useContext(LookContext);

/** Follows a media query. */
export function useMedia(media: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(media);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => matchMedia(media).matches,
  );
}

/** Whether the screen is as narrow as a telephone's. */
export const useNarrow = (): boolean => useMedia("(max-width: 760px)");

/** Sets the title of the browser's tab; an empty one leaves it to the page around. */
export function useTitle(title: string): void {
  useEffect(() => {
    if (title) document.title = `${title} · Sallyport`;
  }, [title]);
}
