import type { FastifyReply, FastifyRequest } from "fastify";
import type { Client } from "./client.ts";

const NAME = "sallyport_session";
/** Held by whoever is on the way in; only the paths of the sign-in see it. */
const ATTEMPT = "sallyport_attempt";
const ATTEMPT_PATH = "/api/sign-in";

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

/** The token of a sign-in that is not complete, or null. */
export const readAttempt = ({ cookies }: FastifyRequest): string | null => cookies[ATTEMPT] || null;

/** Lets the browser go on with a sign-in that has begun. */
export function setAttempt(reply: FastifyReply, token: string, expires: Date): void {
  const { client } = reply.request;
  reply.setCookie(ATTEMPT, token, { ...flags(client), path: ATTEMPT_PATH, expires });
}

/** Forgets it. */
export function clearAttempt(reply: FastifyReply): void {
  reply.clearCookie(ATTEMPT, { ...flags(reply.request.client), path: ATTEMPT_PATH });
}

/** Ends the console session. */
export function clearToken(reply: FastifyReply): void {
  const { client } = reply.request;
  reply.clearCookie(nameOf(client), flags(client));
}
