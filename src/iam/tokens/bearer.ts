import { type Actor, Fault } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { mayComeIn } from "../sign-in-rules/judge.ts";
import { countAttempt } from "../login/brake.ts";
import { bearerOfKey, noteUse } from "./api-key.store.ts";
import { isWithin } from "./networks.ts";

/** What nobody's login name can be; wrong keys are counted under it, by address. */
const NO_LOGIN_NAME = "api-key/";

/**
 * The actor behind an API key: what its user may do and the key may do. Fault `unauthenticated`, in the same words
 * whatever is wrong with it, also when a sign-in rule keeps its user out, or `too_many` for an address that tries many.
 */
export async function actorOfKey(
  db: Db,
  claims: { readonly bearer: string; readonly address: string | null; readonly agent?: string | null },
): Promise<Actor> {
  const { address, agent = null } = claims;
  const key = await bearerOfKey(db, claims.bearer);
  const here = key && (key.addresses.length === 0 || isWithin(address, key.addresses));
  if (!here || !(await mayComeIn(db, key.userId, { address, now: new Date() }))) {
    await countAttempt(db, NO_LOGIN_NAME, address);
    throw new Fault("unauthenticated", "This API key is not valid here. Ask whoever made it for a new one.");
  }
  if (key.unnoted) await noteUse(db, key, address);
  return {
    kind: "person",
    id: key.userId,
    name: key.name,
    orgId: key.orgId,
    address,
    via: "api",
    permissions: new Set(key.permissions),
    scopes: new Set(key.scopes),
    signInId: null,
    apiKey: { id: key.id, prefix: `sp_${key.prefix}` },
    agent,
  };
}
