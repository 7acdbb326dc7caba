import { createNetworks, Fault, networkOf, unaudited } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import { networkSettings } from "../passwords/settings.ts";

type Holds = (address: string) => boolean;
/** Settings that hold are the same object until they change. */
const made = new WeakMap<readonly string[], Holds>();

function networksOf(list: readonly string[]): Holds {
  const known = made.get(list);
  if (known) return known;
  const holds = createNetworks(list);
  made.set(list, holds);
  return holds;
}

const isThisMachine = createNetworks(["127.0.0.0/8", "::1/128"]);
/** An address without its zone, and IPv4 within IPv6 as IPv4. */
const bare = (address: string): string => address.replace(/%.*$/s, "").replace(/^::ffff:(?=\d+\.)/i, "");

/**
 * Fault `denied` when nobody may sign in from the address; this machine is never denied, or the list could lock everybody
 * out. Returns whether the address is one that many people share. To be asked before a password is looked at.
 */
export async function mayComeFrom(
  { platform, db }: { readonly platform: Pick<Platform, "settings">; readonly db: Db },
  address: string | null,
): Promise<boolean> {
  if (address === null) return false;
  const from = bare(address);
  const { deny, allow } = await platform.settings.read(networkSettings, null, db);
  if (deny.length > 0 && networksOf(deny)(from) && !isThisMachine(from)) throw refusal(from);
  return allow.length > 0 && networksOf(allow)(from);
}

const TOLD_MS = 60_000;
const MOST_TOLD = 10_000;
const told = new Map<string, number>();

/** One a minute of each network is written down: whoever keeps knocking fills no trail. */
function refusal(address: string): Fault {
  const fault = new Fault("denied", "Nobody may sign in from your network. Ask an administrator.");
  const from = networkOf(address);
  const now = performance.now();
  if (now - (told.get(from) ?? Number.NEGATIVE_INFINITY) < TOLD_MS) return unaudited(fault);
  if (told.size >= MOST_TOLD) told.clear();
  told.set(from, now);
  return fault;
}
