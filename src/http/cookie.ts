import type { FastifyReply, FastifyRequest } from "fastify";
import type { Client } from "./client.ts";

const NAME = "sallyport_session";

/** Over TLS the prefix makes browsers refuse the cookie from sub-domains and from plain HTTP (RFC 6265bis, 4.1.3). */
const nameOf = ({ secure }: Client): string => (secure ? `__Host-${NAME}` : NAME);

const flags = ({ secure }: Client) => ({ path: "/", httpOnly: true, sameSite: "strict", secure }) as const;

/** The console session's token, or null. */
export const readToken = ({ cookies, client }: FastifyRequest): string | null => cookies[nameOf(client)] || null;

/** Starts a console session in the browser. */
export function setToken(reply: FastifyReply, token: string, expires: Date): void {
  const { client } = reply.request;
  reply.setCookie(nameOf(client), token, { ...flags(client), expires });
}

/** Ends it. */
export function clearToken(reply: FastifyReply): void {
  const { client } = reply.request;
  reply.clearCookie(nameOf(client), flags(client));
}
