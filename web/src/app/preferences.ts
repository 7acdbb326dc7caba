import { useSyncExternalStore } from "react";
import type { z } from "zod";
import { type Preferences as Schema, setPreferences } from "../../../src/iam/schema.ts";
import { call } from "../api.ts";
import { speak } from "../texts/index.ts";

type Chosen = z.output<typeof Schema>;
export type Preferences = Required<Pick<Chosen, "theme" | "density">>;

const KEY = "sallyport.look";
const listeners = new Set<() => void>();
let now: Preferences = remembered();

function remembered(): Preferences {
  const [theme, density] = (localStorage.getItem(KEY) ?? "").split(" ");
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    density: density === "comfortable" ? "comfortable" : "compact",
  };
}

/** Takes over what the server knows of the person's wishes, or what was just chosen. */
export function prefer(chosen: Chosen): void {
  if (chosen.language) void speak(chosen.language);
  const next = { theme: chosen.theme ?? now.theme, density: chosen.density ?? now.density };
  if (next.theme === now.theme && next.density === now.density) return;
  now = next;
  localStorage.setItem(KEY, `${now.theme} ${now.density}`);
  for (const listener of listeners) listener();
}

/** Chooses at once, and tells the server for the person's other devices. */
export function choose(chosen: Chosen): void {
  prefer(chosen);
  void call(setPreferences, chosen).catch(() => undefined);
}

/** Theme and density as chosen. */
export const usePreferences = (): Preferences =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => now,
  );
