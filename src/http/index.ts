import { randomUUID } from "node:crypto";
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import cookies from "@fastify/cookie";
import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { type AnyAction, createNetworks, Fault, type Runtime } from "../core/index.ts";
import type { Db } from "../db/index.ts";
import { type Client, createClientReader, createPlainGuard } from "./client.ts";
import { mountConsole } from "./console.ts";
import { docsPage } from "./docs.ts";
import { answerOf, asFault, loggable } from "./faults.ts";
import { protectAnswers } from "./headers.ts";
import { createLimits } from "./limiter.ts";
import { type Measure, mountMetrics } from "./metrics.ts";
import { openApi } from "./openapi.ts";
import { createOriginCheck } from "./origin.ts";
import { mountPostedAnswers } from "./posted-answer.ts";
import { type Identify, mountActions } from "./routes.ts";
import { mountSockets } from "./sockets.ts";
import type { Tls } from "./tls/index.ts";

export type { Measure } from "./metrics.ts";
export type { Identify } from "./routes.ts";
export { createTls, type Tls } from "./tls/index.ts";
export { createCertificateDoor } from "./certificate-door.ts";

declare module "fastify" {
  interface FastifyRequest {
    client: Client;
  }
}

/** What the HTTP side needs. */
export interface HttpOptions {
  readonly runtime: Runtime<Db>;
  readonly actions: readonly AnyAction<Db>[];
  readonly identify: Identify;
  readonly log: Logger;
  /** Null: plain HTTP. */
  readonly tls: Tls | null;
  /** Lower case, without port; IP addresses are always accepted. */
  readonly hostNames: readonly string[];
  /** The origin that people type when a proxy stands before. */
  readonly publicUrl: string | null;
  /** Networks in CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly metricsFrom: readonly string[];
  /** Per address and minute. */
  readonly limits: { readonly requests: number; readonly signIns: number };
  /** Where the built console lies. */
  readonly consoleDirectory: string;
  readonly version: string;
  /** What works at the moment; ready when everything is true. */
  ready(): Promise<Readonly<Record<string, boolean>>>;
  readonly measures: readonly Measure[];
}

/** The HTTP side, once it is built. */
export interface Http {
  /** Starts to listen and returns the real address; rejects when the port is taken. */
  listen(at: { readonly host: string; readonly port: number }): Promise<AddressInfo>;
  /** Ends within 3 seconds: takes nothing new, lets running requests finish, cuts what is left. */
  close(): Promise<void>;
}

const BODY_LIMIT = 1 << 20;
const MOST_CONNECTIONS = 10_000;
const SOCKETS_PER_MINUTE = 300;
const CLOSE_MS = 3_000;
/** What probes and collectors read; nobody signs in there. */
const WITHOUT_SECRETS = new Set(["/healthz", "/readyz", "/metrics"]);

/** Builds the HTTP side: actions below /api, their documents, sockets, health, metrics and the console's pages. */
export async function createHttp(options: HttpOptions): Promise<Http> {
  const { log } = options;
  const peers = { trusted: createNetworks(options.trustedProxies), tls: options.tls !== null };
  const readClient = createClientReader(peers);
  const mayBePlain = createPlainGuard(peers);
  const origin = createOriginCheck(options);
  const server = { current: undefined as Server | undefined };
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: { maxParamLength: 200 },
    serverFactory: (handler) => (server.current = createServer(handler, options.tls)),
  });
  app.decorateRequest("client", null as unknown as Client);
  app.addHook("onRequest", async (request, reply) => {
    request.client = readClientFor(request.raw, readClient, options.publicUrl);
    reply.header("x-request-id", request.id);
    if (request.url.startsWith("/api")) reply.header("cache-control", "no-store");
  });
  await protectAnswers(app);
  await app.register(cookies);
  const createLimit = await createLimits(app);
  const limit = createLimit(options.limits.requests);
  app.addHook("onRequest", async (request) => {
    await limit(request);
    if (!mayBePlain(request.raw) && !WITHOUT_SECRETS.has(request.routeOptions.url ?? "")) throw onlyThroughProxy();
    origin.host(request.raw);
  });
  parseOnlyJson(app);
  answerErrors(app, log);
  logRequests(app, log);
  mountMetrics(app, { measures: options.measures, mayRead: createNetworks(options.metricsFrom) });
  mountHealth(app, options);
  mountDocuments(app, options);
  const mounting = { ...options, origin, limitSignIns: createLimit(options.limits.signIns) };
  mountActions(app, mounting);
  mountPostedAnswers(app, mounting);
  const sockets = mountSockets(app, { ...options, origin, limit: createLimit(SOCKETS_PER_MINUTE) });
  await mountConsole(app, options.consoleDirectory);
  await app.ready();
  server.current!.on("upgrade", sockets.upgrade);
  return {
    async listen(at) {
      const listening = server.current!;
      await new Promise<void>((resolve, reject) => {
        listening.once("error", reject);
        listening.listen(at, () => resolve(void listening.off("error", reject)));
      });
      return listening.address() as AddressInfo;
    },
    async close() {
      sockets.close();
      const closed = new Promise<void>((resolve) => server.current!.close(() => resolve()));
      server.current!.closeIdleConnections();
      const cut = setTimeout(() => server.current!.closeAllConnections(), CLOSE_MS);
      await Promise.all([closed, app.close()]).finally(() => clearTimeout(cut));
    },
  };
}

const onlyThroughProxy = (): Fault =>
  new Fault("denied", "This address speaks plain HTTP to its proxy only. Use the address of the proxy, with https.");

/** A public https address means that people's browsers are on TLS, whatever arrives here. */
function readClientFor(
  request: IncomingMessage,
  read: (request: IncomingMessage) => Client,
  publicUrl: string | null,
): Client {
  const client = read(request);
  const isPublic = publicUrl !== null && request.headers.host?.toLowerCase() === new URL(publicUrl).host;
  return isPublic && publicUrl.startsWith("https:") ? { ...client, secure: true } : client;
}

function createServer(handler: RequestListener, tls: Tls | null): Server {
  const server = tls
    ? createTlsServer(
        { ...tls.current(), minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"], handshakeTimeout: 15_000 },
        handler,
      )
    : createPlainServer(handler);
  tls?.changed((material) => (server as TlsServer).setSecureContext({ ...material, minVersion: "TLSv1.2" }));
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  server.setTimeout(120_000);
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

function parseOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body: string, done) => {
    if (body === "") return done(null, undefined);
    return parse(request, body, done);
  });
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error, request.id);
    if (status >= 500)
      log.error({ requestId: request.id, route: request.routeOptions.url, error: loggable(error) }, "request failed");
    const retryAfter = asFault(error)?.details?.retryAfter;
    if (typeof retryAfter === "number") reply.header("retry-after", String(retryAfter));
    return reply.code(status).type("application/json; charset=utf-8").send(body);
  });
}

/** The route's pattern instead of the address: a query may hold what nobody should read. */
function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook("onResponse", async (request, reply) => {
    if (!request.url.startsWith("/api")) return;
    const { method, id, client, routeOptions } = request;
    const ms = Math.round(reply.elapsedTime);
    log.info(
      { requestId: id, method, route: routeOptions.url, status: reply.statusCode, ms, address: client?.address },
      "request",
    );
  });
}

function mountHealth(app: FastifyInstance, options: HttpOptions): void {
  app.get("/healthz", async () => ({ alive: true }));
  app.get("/readyz", async (_request, reply) => {
    const parts = await options.ready().catch(() => ({ database: false }));
    const ready = Object.values(parts).every(Boolean);
    return reply.code(ready ? 200 : 503).send({ ready, parts });
  });
}

function mountDocuments(app: FastifyInstance, { actions, version }: HttpOptions): void {
  let document: unknown;
  let page: string | undefined;
  app.get("/api/openapi.json", async () => (document ??= openApi(actions, version)));
  app.get("/api/docs", async (_request, reply) =>
    reply.type("text/html; charset=utf-8").send((page ??= docsPage(actions, version))),
  );
}
