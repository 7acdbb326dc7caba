import { BlockList, isIP } from "node:net";

/** One network in CIDR notation or one address, as a network; null when it is neither. */
export function networkFrom(text: string): string | null {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  const most = family === 6 ? 128 : 32;
  if (family === 0 || rest.length > 0) return null;
  if (bits === undefined) return `${address}/${most}`;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? `${address}/${bits}` : null;
}

/** Whether the address lies in one of the networks. What is no network contains nothing. */
export function isWithin(address: string | null, networks: readonly string[]): boolean {
  const family = address === null ? 0 : isIP(address);
  if (address === null || family === 0) return false;
  const list = new BlockList();
  for (const network of networks) {
    const [start = "", bits] = networkFrom(network)?.split("/") ?? [];
    if (bits !== undefined) list.addSubnet(start, Number(bits), isIP(start) === 6 ? "ipv6" : "ipv4");
  }
  return list.check(address, family === 6 ? "ipv6" : "ipv4");
}
