import { z } from "zod";
import { plain } from "../../../core/fields.ts";

/** host:port, with [] around IPv6. The host: a name, an address, or a network (CIDR). The port: one, or from-to. */
const SHAPE = /^(?:\[([0-9A-Fa-f:.]+(?:\/\d{1,3})?)\]|([A-Za-z0-9_./-]+)):(\d{1,5})(?:-(\d{1,5}))?$/;
const NAME = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/;
const ALL_DIGITS = /^[\d.]+$/;

/** Where ports may be forwarded to, taken apart. */
export interface ParsedDestination {
  readonly kind: "name" | "ipv4" | "ipv6";
  /** A name in lower case, an address, or a network. */
  readonly host: string;
  readonly from: number;
  readonly to: number;
}

/** Null for what is no destination. There is no wildcard: every port is 1-65535, every IPv4 address 0.0.0.0/0. */
export function parseDestination(text: string): ParsedDestination | null {
  const [, six, other, first = "", last] = SHAPE.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last ?? first)];
  const host = (six ?? other)?.toLowerCase();
  if (host === undefined || from < 1 || to > 65_535 || from > to) return null;
  const kind = six === undefined ? kindOf(host) : isAddress(z.ipv6(), z.cidrv6(), host) ? "ipv6" : null;
  return kind && { kind, host, from, to };
}

const isAddress = (address: z.ZodType, network: z.ZodType, text: string): boolean =>
  (text.includes("/") ? network : address).safeParse(text).success;

/** What consists of digits and dots alone is an address or a mistake, never a name. */
function kindOf(host: string): "name" | "ipv4" | null {
  if (isAddress(z.ipv4(), z.cidrv4(), host)) return "ipv4";
  return NAME.test(host) && !ALL_DIGITS.test(host) ? "name" : null;
}

/** One allowed destination of port forwarding, as people type it. */
export const Destination = plain(
  z
    .string()
    .trim()
    .max(300, "At most 300 characters.")
    .refine(
      (text) => parseDestination(text) !== null,
      "Write host:port, for example db.example.com:5432, 10.0.0.0/16:22, 10.0.0.5:8000-8100 or [2001:db8::1]:443.",
    ),
);
