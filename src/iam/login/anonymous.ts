import type { Actor } from "../../core/index.ts";

/** Whoever has not proved yet who they are; `address` and `via` say where they knock. */
export const ANONYMOUS: Omit<Actor, "address" | "via"> = {
  kind: "anonymous",
  id: null,
  name: "anonymous",
  orgId: null,
  permissions: new Set(),
  signInId: null,
};
