import type { IncomingMessage } from "node:http";

const NAME = "sallyport_session";

/** Over TLS the prefix makes browsers refuse the cookie from sub-domains and from plain HTTP (RFC 6265bis, 4.1.3). */
const nameOf = (secure: boolean): string => (secure ? `__Host-${NAME}` : NAME);

const flags = (secure: boolean): string => `Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;

/** The console session's token, or null. */
export function readToken(request: IncomingMessage, secure: boolean): string | null {
  const name = nameOf(secure);
  for (const pair of (request.headers.cookie ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name)
      return (
        pair
          .slice(at + 1)
          .trim()
          .slice(0, 512) || null
      );
  }
  return null;
}

/** The Set-Cookie value that starts a console session. */
export const sessionCookie = (token: string, expiresAt: Date, secure: boolean): string =>
  `${nameOf(secure)}=${token}; Expires=${expiresAt.toUTCString()}; ${flags(secure)}`;

/** The Set-Cookie value that ends it. */
export const endedCookie = (secure: boolean): string =>
  `${nameOf(secure)}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ${flags(secure)}`;
