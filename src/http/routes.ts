import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Actor, type AnyAction, type Delivery, Fault, type Runtime, run } from "../core/index.ts";
import type { Db } from "../db/index.ts";
import { clearAttempt, clearToken, readAttempt, readToken, setAttempt, setToken } from "./cookie.ts";
import { inputReader } from "./input.ts";
import type { Limit } from "./limiter.ts";
import type { OriginCheck } from "./origin.ts";

/** What a request says of who sends it. */
export interface Claims {
  readonly token: string | null;
  /** The token of a sign-in that is not complete. */
  readonly attempt: string | null;
  readonly address: string;
  /** An API key; the request carries no cookie then. */
  readonly bearer: string | null;
  /** Whether nobody has touched the client for a while. */
  readonly unattended: boolean;
  readonly via: "console" | "api";
  /** The console's own address, as `OriginCheck.own` knows it. */
  readonly origin: string | null;
  /** The first 400 characters of what the client calls itself. */
  readonly agent: string | null;
}

/** Tells who a request comes from; anonymous when the token names nobody. */
export type Identify = (claims: Claims) => Promise<Actor>;

export interface MountDeps {
  readonly runtime: Runtime<Db>;
  readonly actions: readonly AnyAction<Db>[];
  readonly identify: Identify;
  readonly origin: OriginCheck;
  readonly limitSignIns: Limit;
}

/**
 * What a sign-in guesser would call, or whoever begins more than they mean. Not device.collect: a command line asks every
 * two seconds whether a person has confirmed, its token has 256 bits, and what it is refused leaves no trace.
 */
const GUESSABLE = /^(sign-in(\..+)?|me\.confirm(\..+)?|setup\.complete|device\.begin)$/;
const AGENT_LENGTH = 400;

/** What the request says of who sends it. Fault `invalid` when it carries two answers. */
export function claimsOf(request: FastifyRequest, ours: OriginCheck): Claims {
  const { address, secure } = request.client;
  const { "user-agent": agent, "x-sallyport-unattended": unattended } = request.headers;
  const bearer = bearerOf(request);
  const token = readToken(request);
  const attempt = readAttempt(request);
  if (bearer !== null && (token !== null || attempt !== null))
    throw new Fault("invalid", "Send an API key or the console's cookie, not both.");
  return {
    token,
    attempt,
    bearer,
    unattended: unattended !== undefined,
    address,
    via: bearer === null ? "console" : "api",
    origin: ours.own(request.raw, secure),
    agent: agent?.slice(0, AGENT_LENGTH) ?? null,
  };
}

const LONGEST_BEARER = 200;

/** RFC 6750 section 2.1; what is no bearer token says nothing to us. */
function bearerOf({ headers }: FastifyRequest): string | null {
  const [, bearer] = /^Bearer +(\S.*)$/i.exec(headers.authorization?.slice(0, LONGEST_BEARER) ?? "") ?? [];
  return bearer ?? null;
}

/** Mounts every action that is not a socket below /api. */
export function mountActions(app: FastifyInstance, deps: MountDeps): void {
  for (const action of deps.actions) {
    const [method = "", path = ""] = action.endpoint.route.split(" ");
    if (method === "SOCKET") continue;
    app.route({ method, url: `/api${path}`, handler: handlerOf(action, deps) });
  }
}

function handlerOf(action: AnyAction<Db>, deps: MountDeps) {
  const read = inputReader(action.endpoint);
  const changes = !action.endpoint.route.startsWith("GET ");
  const guessable = changes && GUESSABLE.test(action.endpoint.name);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const claims = claimsOf(request, deps.origin);
    const carriesCookie = claims.token !== null || claims.attempt !== null;
    // A page of another site cannot make a browser send a key; a cookie it can.
    if (changes && claims.bearer === null) deps.origin.sameOrigin(request.raw, request.client.secure, carriesCookie);
    if (guessable) await deps.limitSignIns(request);
    const actor = await deps.identify(claims);
    const deliveries: Delivery[] = [];
    const output = await run(deps.runtime, action, actor, read(request), (delivery) => deliveries.push(delivery));
    return deliver(reply, deliveries, output);
  };
}

function deliver(reply: FastifyReply, deliveries: readonly Delivery[], output: unknown): unknown {
  let answer = output;
  for (const delivery of deliveries) {
    if (delivery.kind === "sign-in") {
      setToken(reply, delivery.token, delivery.expiresAt);
      if (readAttempt(reply.request)) clearAttempt(reply);
    } else if (delivery.kind === "attempt") {
      setAttempt(reply, delivery.token, delivery.expiresAt);
    } else if (delivery.kind === "sign-out") {
      clearToken(reply);
    } else if (delivery.kind === "download") {
      reply.header("content-type", delivery.mediaType);
      reply.header("content-disposition", attachment(delivery.fileName));
      answer = Readable.from(delivery.body, { objectMode: false });
    } else {
      throw new Error("A socket was delivered to a request that is none");
    }
  }
  return answer;
}

/** RFC 6266 with the encoding of RFC 8187; the plain name is for old clients. */
function attachment(fileName: string): string {
  const plain = fileName.replace(/[^A-Za-z0-9._ -]/g, "_");
  const encoded = encodeURIComponent(fileName).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
