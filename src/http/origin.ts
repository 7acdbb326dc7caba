import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { Fault } from "../core/index.ts";

export interface OriginCheck {
  /**
   * Fault `denied` when the Host header is not one of ours. An IP address is always ours: a page of another site
   * that was re-bound to our address still sends its own name.
   */
  host(request: IncomingMessage): void;
  /**
   * Fault `denied` unless the request comes from our own pages, or from no page at all and without the cookie that
   * would make it act for somebody.
   */
  sameOrigin(request: IncomingMessage, secure: boolean, carriesCookie: boolean): void;
  /**
   * The console's own address, for links that are mailed and for passkeys: the public one, or the one the client used if
   * it is surely ours. The Host header alone may say anything: the port must be the one that we listen at, and the name one
   * of ours or the address that the connection came to. Null: we do not know.
   */
  own(request: IncomingMessage, secure: boolean): string | null;
}

/** `hostNames` are lower case and without port; `publicUrl` is an origin. */
export function createOriginCheck(deps: {
  readonly hostNames: readonly string[];
  readonly publicUrl: string | null;
}): OriginCheck {
  const names = new Set(deps.hostNames);
  return {
    host(request) {
      const name = hostName(request.headers.host ?? "");
      if (name !== null && (isIP(name) !== 0 || names.has(name) || name.endsWith(".localhost"))) return;
      throw new Fault(
        "denied",
        "The console does not know itself by this host name. Use its own address, or start it with --public-url.",
      );
    },
    sameOrigin(request, secure, carriesCookie) {
      const { origin, host, "sec-fetch-site": site } = request.headers;
      const own = `${secure ? "https" : "http"}://${(host ?? "").toLowerCase()}`;
      if (site !== undefined && site !== "same-origin") refuse();
      if (origin !== undefined && origin.toLowerCase() !== own && origin !== deps.publicUrl) refuse();
      if (origin === undefined && site === undefined && carriesCookie) refuse();
    },
    own(request, secure) {
      if (deps.publicUrl !== null) return deps.publicUrl;
      const host = request.headers.host?.toLowerCase() ?? "";
      const name = hostName(host);
      const { localAddress = "", localPort } = request.socket;
      const port = Number(/:(\d{1,5})$/.exec(host)?.[1] ?? (secure ? 443 : 80));
      if (name === null || port !== localPort) return null;
      const isOurs =
        names.has(name) || name.endsWith(".localhost") || name === localAddress.replace(/^::ffff:(?=\d+\.)/i, "");
      return isOurs ? `${secure ? "https" : "http"}://${host}` : null;
    },
  };
}

function refuse(): never {
  throw new Fault(
    "denied",
    "The request does not come from the console's own pages. If a proxy stands before it, start it with --public-url.",
  );
}

function hostName(host: string): string | null {
  const [, v6, name] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return v6 ?? name?.replace(/\.$/, "") ?? null;
}
