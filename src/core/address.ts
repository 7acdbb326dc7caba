import { BlockList, isIP, isIPv6 } from "node:net";

const MAPPED_BITS = 96;

/**
 * Tells whether an address lies in one of the networks (CIDR notation). A network holds addresses of its own family:
 * ::/0 holds no IPv4. IPv4 within IPv6 counts as IPv4, in the address and in a network; a zone does not count.
 */
export function createNetworks(list: readonly string[]): (address: string) => boolean {
  // One list for each family, because one BlockList finds IPv4 in the networks of IPv6, too.
  const [networks4, networks6] = [new BlockList(), new BlockList()];
  for (const network of list) {
    const [address = "", prefix] = network.split("/");
    const v4 = isIPv6(address) ? mappedIn(address) : address;
    const bits = prefix === undefined ? (isIPv6(address) ? 128 : 32) : Number(prefix);
    if (v4 === null || (v4 !== address && bits < MAPPED_BITS)) networks6.addSubnet(address, bits, "ipv6");
    else networks4.addSubnet(v4, v4 === address ? bits : bits - MAPPED_BITS, "ipv4");
  }
  return (text) => {
    const address = withoutZone(text);
    const family = isIP(address);
    if (family === 0) return false;
    const v4 = family === 4 ? address : mappedIn(address);
    return v4 === null ? networks6.check(address, "ipv6") : networks4.check(v4, "ipv4");
  };
}

const withoutZone = (address: string): string => address.replace(/%.*$/s, "");

/** The IPv4 address within a valid IPv6 one (RFC 4291 section 2.5.5.2); null: none. */
function mappedIn(address: string): string | null {
  const groups = groupsOf(address.toLowerCase());
  const isV4 = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isV4 ? bytesOf(groups.slice(6)).join(".") : null;
}

/**
 * What is counted in place of a client's address: IPv4 as it is, IPv6 by its /64, for one subscriber has at least that
 * many. IPv4 within IPv6 counts as IPv4, a zone does not count; what is no address is given back.
 */
export function networkOf(address: string): string {
  const bare = withoutZone(address).toLowerCase();
  if (!isIPv6(bare)) return bare;
  const v4 = mappedIn(bare);
  if (v4 !== null) return v4;
  return `${groupsOf(bare)
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
