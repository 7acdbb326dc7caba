import { createContext, useContext } from "react";
import type { Me } from "../../src/iam/schema.ts";

/** Who is signed in; null before that is known. */
export const MeContext = createContext<Me | null>(null);

/** Who is signed in, with organization and permissions. */
export const useMe = (): Me | null => useContext(MeContext);

/** Whether the person holds a permission; it is named like the endpoint. */
export function useMay(permission: string): boolean {
  return useMe()?.permissions.includes(permission) ?? false;
}
