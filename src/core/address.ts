import { BlockList, isIP, isIPv6 } from "node:net";

/** Tells whether an address lies in one of the networks (CIDR notation). */
export function createNetworks(list: readonly string[]): (address: string) => boolean {
  const networks = new BlockList();
  for (const network of list) {
    const [address = "", prefix] = network.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    networks.addSubnet(address, prefix === undefined ? (family === "ipv6" ? 128 : 32) : Number(prefix), family);
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && networks.check(address, family === 6 ? "ipv6" : "ipv4");
  };
}

/**
 * What is counted in place of a client's address: IPv4 as it is, IPv6 by its /64, for one subscriber has at least that
 * many. IPv4 within IPv6 counts as IPv4, a zone does not count; what is no address is given back.
 */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/s, "").toLowerCase();
  if (!isIPv6(bare)) return bare;
  const groups = groupsOf(bare);
  const isV4 = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isV4) return bytesOf(groups.slice(6)).join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** The eight groups of a valid IPv6 address. RFC 4291 section 2.2. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (...found) => tailOf(found.slice(1, 5).map(Number)));
  const [head = [], tail] = hex
    .split("::")
    .map((part) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16))));
  return tail ? [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail] : head;
}

const tailOf = ([a = 0, b = 0, c = 0, d = 0]: number[]): string =>
  `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;

const bytesOf = (groups: readonly number[]): number[] => groups.flatMap((group) => [group >> 8, group & 255]);
