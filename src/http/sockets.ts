import { randomUUID } from "node:crypto";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { type AnyAction, type Delivery, Fault, type Runtime, run } from "../core/index.ts";
import type { Db } from "../db/index.ts";
import { answerOf, asFault, loggable } from "./faults.ts";
import { inputReader } from "./input.ts";
import type { Limit } from "./limiter.ts";
import type { OriginCheck } from "./origin.ts";
import { relay } from "./relay.ts";
import { claimsOf, type Identify } from "./routes.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route answers upgrades, and nothing else. */
    socket?: boolean;
  }
}

export interface SocketDeps {
  readonly runtime: Runtime<Db>;
  readonly actions: readonly AnyAction<Db>[];
  readonly identify: Identify;
  readonly origin: OriginCheck;
  readonly limit: Limit;
  readonly log: Logger;
}

interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
  /** Carries a refusal before the handshake. */
  readonly response: ServerResponse;
}

const FAREWELL_MS = 5_000;
const MOST_OPENING = 200;

/**
 * Mounts every SOCKET endpoint below /api. `upgrade` takes a server's upgrade requests through the same hooks as any
 * request; `close` ends the connections that were handed on.
 */
export function mountSockets(app: FastifyInstance, deps: SocketDeps) {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
  const open = new Set<Duplex>();
  let opening = 0;

  /** Browsers cannot read the HTTP answer of an upgrade: the fault travels in a frame of a finished handshake. */
  function tell(request: IncomingMessage, { socket, head }: Upgrade, error: unknown): void {
    const { status, body } = answerOf(error, randomUUID());
    if (!asFault(error)) deps.log.error({ requestId: body.requestId, error: loggable(error) }, "socket failed");
    if (socket.destroyed) return;
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => webSocket.terminate());
      webSocket.send(JSON.stringify({ type: "fault", code: body.error, message: body.message }));
      webSocket.close(4000 + status, body.error);
      const timer = setTimeout(() => webSocket.terminate(), FAREWELL_MS);
      webSocket.on("close", () => clearTimeout(timer));
    });
  }

  async function hand(
    request: FastifyRequest,
    { socket, head }: Upgrade,
    action: AnyAction<Db>,
    input: unknown,
  ): Promise<void> {
    const actor = await deps.identify(claimsOf(request, deps.origin));
    let place: Extract<Delivery, { kind: "relay" }> | undefined;
    await run(deps.runtime, action, actor, input, (delivery) => {
      if (delivery.kind === "relay") place = delivery;
    });
    if (!place) throw new Error(`${action.endpoint.name} delivered no place to relay to`);
    await relay({ request: request.raw, client: socket, head, address: place.address, ticket: place.ticket });
  }

  function mount(action: AnyAction<Db>): void {
    const read = inputReader(action.endpoint);
    const url = `/api${action.endpoint.route.slice("SOCKET ".length)}`;
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const upgrade = upgrades.get(request.raw);
      if (!upgrade || !isWebSocket(request.raw)) throw nothingHere();
      await deps.limit(request);
      if (claimsOf(request, deps.origin).bearer === null)
        deps.origin.sameOrigin(request.raw, request.client.secure, true);
      const input = read({ query: request.query, body: undefined, params: request.params });
      if (opening >= MOST_OPENING) throw new Fault("unavailable", "Too many sessions open at once. Try again.");
      reply.hijack();
      upgrade.response.detachSocket(upgrade.socket);
      opening++;
      await hand(request, upgrade, action, input)
        .catch((error: unknown) => tell(request.raw, upgrade, error))
        .catch((error: unknown) => {
          deps.log.error({ error: loggable(error) }, "socket failed");
          upgrade.socket.destroy();
        })
        .finally(() => opening--);
    };
    app.get(url, { exposeHeadRoute: false, config: { socket: true }, handler });
  }

  app.addHook("onRequest", async ({ raw, routeOptions }) => {
    if (upgrades.has(raw) && !routeOptions.config.socket) throw nothingHere();
  });
  deps.actions.filter(({ endpoint }) => endpoint.route.startsWith("SOCKET ")).forEach(mount);
  return {
    upgrade(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
      const socket = prepare(duplex as Socket);
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      const response = refusal(request, socket);
      upgrades.set(request, { socket, head, response });
      app.routing(request, response);
    },
    close(): void {
      for (const socket of open) socket.destroy();
    },
  };
}

const nothingHere = (): Fault => new Fault("not_found", "There is nothing at this address.");

function prepare(socket: Socket): Socket {
  socket.on("error", () => socket.destroy());
  return socket.setTimeout(0).setKeepAlive(true, 30_000).setNoDelay(true);
}

const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" &&
  headers.upgrade?.toLowerCase() === "websocket" &&
  headers["sec-websocket-version"] === "13" &&
  /^[A-Za-z0-9+/]{22}==$/.test(headers["sec-websocket-key"] ?? "");

/** The server let go of the connection: whoever refuses it must also end it. */
function refusal(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
    socket.once("close", () => clearTimeout(timer));
  });
  return response;
}
