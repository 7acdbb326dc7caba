import { BlockList, isIP } from "node:net";
import { type ParsedDestination, parseDestination } from "./schema/destination.ts";

/** Where somebody wants to forward a port to: a host name or address without brackets, and a port. */
export interface Aim {
  readonly host: string;
  readonly port: number;
}

/**
 * Whether an allowed destination names the aim. A name matches that name alone, whatever it resolves to, and a network
 * matches addresses alone. IPv4 written as IPv6 (::ffff:10.0.0.1) is the IPv4 address, for that is where it leads.
 */
export function reaches(destination: string, { host, port }: Aim): boolean {
  const parsed = parseDestination(destination);
  if (!parsed || port < parsed.from || port > parsed.to) return false;
  // An address with a zone (fe80::1%eth0) is meant for one link of some machine: nobody can allow it.
  if (host.includes("%")) return false;
  const plainHost = unmapped(host.toLowerCase());
  const family = isIP(plainHost);
  if (parsed.kind === "name") return parsed.host === plainHost;
  return family === (parsed.kind === "ipv4" ? 4 : 6) && contains(parsed, plainHost);
}

function contains({ kind, host }: ParsedDestination, address: string): boolean {
  if (kind === "name") return false;
  const [network = "", prefix] = host.split("/");
  const block = new BlockList();
  block.addSubnet(network, prefix === undefined ? (kind === "ipv6" ? 128 : 32) : Number(prefix), kind);
  return block.check(address, kind);
}

/** The IPv4 address within an IPv6 one, however it is written. */
function unmapped(host: string): string {
  if (isIP(host) !== 6) return host;
  const mapped = new BlockList();
  mapped.addSubnet("::ffff:0:0", 96, "ipv6");
  if (!mapped.check(host, "ipv6")) return host;
  const dotted = /(\d+\.\d+\.\d+\.\d+)$/.exec(host)?.[1];
  if (dotted) return dotted;
  const [high = 0, low = 0] = host
    .split(":")
    .slice(-2)
    .map((group) => Number.parseInt(group || "0", 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
