import { isIPv6 } from "node:net";
import { Fault } from "../core/index.ts";

const WINDOW_MS = 60_000;
const MOST_KEYS = 20_000;

/**
 * Counts what an address does in a minute; Fault `too_many` (details.retryAfter in seconds) beyond `perMinute`. An IPv6
 * client counts by its /64. Remembers 20,000 addresses at most; the oldest is forgotten first.
 */
export function createLimiter(perMinute: number, now: () => number = Date.now): (address: string) => void {
  const windows = new Map<string, { from: number; count: number }>();
  return (address) => {
    const key = isIPv6(address) ? prefixOf(address) : address;
    const at = now();
    let window = windows.get(key);
    if (!window || at - window.from >= WINDOW_MS) {
      windows.delete(key);
      if (windows.size >= MOST_KEYS) windows.delete(windows.keys().next().value!);
      window = { from: at, count: 0 };
      windows.set(key, window);
    }
    if (++window.count <= perMinute) return;
    const retryAfter = Math.max(1, Math.ceil((window.from + WINDOW_MS - at) / 1000));
    throw new Fault("too_many", `Too many requests from your address. Try again in ${retryAfter} s.`, { retryAfter });
  };
}

function prefixOf(address: string): string {
  const [head = "", tail = ""] = address.split("::");
  const left = head.split(":").filter(Boolean);
  const right = tail.split(":").filter(Boolean);
  const gap = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return [...left, ...(address.includes("::") ? gap : []), ...right].slice(0, 4).join(":");
}
