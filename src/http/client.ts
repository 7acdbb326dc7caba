import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { createNetworks } from "../core/index.ts";

export interface Client {
  readonly address: string;
  /** Whether the request travelled encrypted up to us or up to the trusted proxy. */
  readonly secure: boolean;
  /** Whether somebody, trusted or not, passed the request on. */
  readonly forwarded: boolean;
}

/**
 * Reads who a request comes from. X-Forwarded-For counts only from a trusted peer, from the right: the first address
 * that is not a trusted proxy is the client, whatever stands left of it was written by the client itself.
 */
export function createClientReader(deps: { readonly trusted: (address: string) => boolean; readonly tls: boolean }) {
  const { trusted, tls } = deps;
  return (request: IncomingMessage): Client => {
    const peer = bare(request.socket.remoteAddress ?? "") || "0.0.0.0";
    const { "x-forwarded-for": chain, "x-forwarded-proto": scheme, forwarded } = request.headers;
    const passedOn = chain !== undefined || forwarded !== undefined;
    if (!trusted(peer)) return { address: peer, secure: tls, forwarded: passedOn };
    const hops = joined(chain).split(",").slice(-50).map(bare);
    const schemes = joined(scheme).split(",");
    const secure = tls || schemes.at(-1)?.trim().toLowerCase() === "https";
    return { address: farthest(peer, hops, trusted), secure, forwarded: passedOn };
  };
}

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/**
 * Tells whether a request may be answered: over plain HTTP only this machine and trusted proxies are, or a password would
 * cross the network in the clear by a way around the proxy.
 */
export function createPlainGuard(deps: { readonly trusted: (address: string) => boolean; readonly tls: boolean }) {
  const isLocal = createNetworks(LOOPBACK);
  return (request: IncomingMessage): boolean => {
    const peer = bare(request.socket.remoteAddress ?? "");
    return deps.tls || isLocal(peer) || deps.trusted(peer);
  };
}

function farthest(peer: string, hops: readonly string[], trusted: (address: string) => boolean): string {
  let known = peer;
  for (const hop of hops.toReversed()) {
    if (!isIP(hop)) return known;
    known = hop;
    if (!trusted(hop)) return known;
  }
  return known;
}

const joined = (header: string | string[] | undefined): string =>
  Array.isArray(header) ? header.join(",") : (header ?? "");

/** An address without port, brackets, zone and the IPv4-in-IPv6 prefix. */
function bare(text: string): string {
  const [, bracketed, v4] = /^\s*(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+)(?::\d+)?)\s*$/.exec(text) ?? [];
  return (bracketed ?? v4 ?? text.trim()).replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
}
