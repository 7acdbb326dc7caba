import { useShortcuts } from "../kit/index.ts";

/** Makes the key `c` create what the page lists. */
export const useCreateKey = (may: boolean, label: string, run: () => void): void =>
  useShortcuts(may ? [{ keys: "c", label, run }] : []);
