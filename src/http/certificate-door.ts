import { constants } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { Fault } from "../core/index.ts";
import { type Client, createClientReader } from "./client.ts";
import { answerOf, loggable } from "./faults.ts";
import { protectAnswers } from "./headers.ts";
import { createLimits } from "./limiter.ts";
import { createOriginCheck } from "./origin.ts";
import type { Tls } from "./tls/index.ts";
import type { Material } from "./tls/material.ts";

/** What a handshake proved; see `iam.certificateDoor`. */
interface Shown {
  readonly certificate: Buffer | null;
  readonly problem: string | null;
}

export interface CertificateDoorOptions {
  readonly tls: Tls;
  /** As those of the console. */
  readonly hostNames: readonly string[];
  readonly publicUrl: string | null;
  readonly limits: { readonly signIns: number };
  /** Where the console listens: browsers are sent back there. */
  readonly consolePort: number;
  /** Whose certificates browsers are asked for, in PEM form. */
  authorities(): Promise<readonly string[]>;
  /** Keeps what was shown; null: no sign-in waits for it. */
  take(at: { backendId: string; relay: string; address: string; shown: Shown }): Promise<string | null>;
  readonly log: Logger;
}

/** How soon a change of the authorities reaches the question that browsers are asked. */
const LOOK_MS = 5_000;
const MOST_CONNECTIONS = 1_000;
const NO_HANDLE = "none";
/** Each visit proves the key anew: nothing is resumed, and nothing changes within a connection. */
const ANEW = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

const contextOf = ({ cert, key }: Material, authorities: readonly string[]): SecureContextOptions => ({
  cert,
  key,
  ca: [...authorities],
  minVersion: "TLSv1.2",
  secureOptions: ANEW,
});

/**
 * The certificate door: a listener of its own that asks browsers for a certificate, which the console never does. It serves
 * one address, reads nothing but the handshake, the path and the Host header, and sends the browser back to the console.
 */
export async function createCertificateDoor(options: CertificateDoorOptions) {
  const { tls, log } = options;
  const state = { material: tls.current(), authorities: await options.authorities() };
  const server: { current?: Server } = {};
  const app = Fastify({
    routerOptions: { maxParamLength: 200 },
    serverFactory: (handler) =>
      (server.current = createServer(
        {
          ...contextOf(state.material, state.authorities),
          requestCert: true,
          // A browser without a certificate gets an answer in words; whether one counts is decided below.
          rejectUnauthorized: false,
          ALPNProtocols: ["http/1.1"],
          handshakeTimeout: 60_000,
        },
        handler,
      )),
  });
  const listening = server.current!;
  listening.headersTimeout = 15_000;
  listening.requestTimeout = 30_000;
  listening.setTimeout(60_000);
  listening.maxConnections = MOST_CONNECTIONS;

  const renew = (): void => listening.setSecureContext(contextOf(state.material, state.authorities));
  tls.changed((material) => {
    state.material = material;
    renew();
  });
  async function look(): Promise<void> {
    const authorities = await options.authorities();
    if (authorities.join() === state.authorities.join()) return;
    state.authorities = authorities;
    renew();
  }
  const looking = setInterval(
    () =>
      void look().catch((error: unknown) =>
        log.error({ error: loggable(error) }, "the authorities of client certificates could not be read"),
      ),
    LOOK_MS,
  ).unref();

  await mountDoor(app, options);
  await app.ready();
  return {
    /** Asks at once for the authorities in force; the door does so by itself every five seconds. */
    look,
    async listen(at: { readonly host: string; readonly port: number }): Promise<AddressInfo> {
      await new Promise<void>((resolve, reject) => {
        listening.once("error", reject);
        listening.listen(at, () => resolve(void listening.off("error", reject)));
      });
      return listening.address() as AddressInfo;
    },
    async close(): Promise<void> {
      clearInterval(looking);
      const closed = new Promise<void>((resolve) => listening.close(() => resolve()));
      listening.closeAllConnections();
      await Promise.all([closed, app.close()]);
    },
  };
}

interface Place {
  readonly Params: { readonly backendId: string };
  readonly Querystring: { readonly relay?: unknown };
}

async function mountDoor(app: FastifyInstance, options: CertificateDoorOptions): Promise<void> {
  const { log } = options;
  // No proxy is believed here: TLS ends at this door, or nothing is proved.
  const readClient = createClientReader({ trusted: () => false, tls: true });
  const names = createOriginCheck(options);
  const ours = createOriginCheck({ ...options, publicUrl: null });
  app.decorateRequest("client", null as unknown as Client);
  app.addHook("onRequest", async (request, reply) => {
    request.client = readClient(request.raw);
    reply.header("connection", "close");
    reply.header("cache-control", "no-store");
  });
  await protectAnswers(app);
  const limit = (await createLimits(app))(options.limits.signIns);
  app.removeAllContentTypeParsers();
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error, request.id);
    if (status >= 500) log.error({ error: loggable(error) }, "a request at the certificate door failed");
    return reply.code(status).type("text/plain; charset=utf-8").send(`${body.message}\n`);
  });
  app.setNotFoundHandler(() => {
    throw new Fault("not_found", "There is nothing at this address.");
  });
  app.get<Place>("/sign-in/certificate/:backendId", async (request, reply) => {
    await limit(request);
    names.host(request.raw);
    if (request.headers["sec-fetch-site"] === "cross-site") throw notFromConsole();
    const console_ = options.publicUrl ?? besides(ours.own(request.raw, true), options.consolePort);
    if (!console_) throw notFromConsole();
    const { backendId } = request.params;
    const { relay } = request.query;
    const { address } = request.client;
    const known = typeof relay === "string" && relay.length > 0;
    const handle = known ? await options.take({ backendId, relay, address, shown: shownBy(request) }) : null;
    const home = `${console_}/sign-in/callback/${encodeURIComponent(backendId)}`;
    return reply.redirect(`${home}?certificate=${handle ?? NO_HANDLE}`, 303);
  });
}

const notFromConsole = (): Fault => new Fault("denied", "Begin at the sign-in page of the console.");

/** The same host at another port. */
function besides(origin: string | null, port: number): string | null {
  if (origin === null) return null;
  const url = new URL(origin);
  url.port = String(port);
  return url.origin;
}

/** What the handshake of this very connection proved. */
function shownBy(request: FastifyRequest): Shown {
  const socket = request.raw.socket as TLSSocket;
  const certificate = socket.isSessionReused() ? undefined : socket.getPeerX509Certificate();
  if (!certificate) return { certificate: null, problem: null };
  const problem = socket.authorized ? null : String(socket.authorizationError ?? "unknown");
  return { certificate: certificate.raw, problem };
}
