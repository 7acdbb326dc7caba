import { randomUUID } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { type AnyAction, type Delivery, type Fault, type Runtime, run } from "../core/index.ts";
import type { Db } from "../db/index.ts";
import type { Client } from "./client.ts";
import { readToken } from "./cookie.ts";
import { answerOf, asFault, loggable } from "./faults.ts";
import { securityHeaders } from "./headers.ts";
import { inputReader } from "./input.ts";
import type { OriginCheck } from "./origin.ts";
import { relay } from "./relay.ts";
import type { Identify } from "./routes.ts";

export interface SocketDeps {
  readonly runtime: Runtime<Db>;
  readonly actions: readonly AnyAction<Db>[];
  readonly identify: Identify;
  readonly origin: OriginCheck;
  readonly readClient: (request: IncomingMessage) => Client;
  readonly limit: (address: string) => void;
  readonly log: Logger;
}

type Opening = { readonly action: AnyAction<Db>; readonly input: Readonly<Record<string, unknown>> };

const FAREWELL_MS = 5_000;
const MOST_OPENING = 200;

/** Answers upgrade requests: every SOCKET endpoint, nothing else. `close` ends the connections that it handed on. */
export function createSockets(deps: SocketDeps) {
  const find = finder(deps.actions);
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
  const open = new Set<Duplex>();
  let opening = 0;

  /** Browsers cannot read the HTTP answer of an upgrade: the fault travels in a frame of a finished handshake. */
  function tell(request: IncomingMessage, socket: Duplex, head: Buffer, error: unknown): void {
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
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    found: Opening,
    client: Client,
  ): Promise<void> {
    const token = readToken(request, client.secure);
    const actor = await deps.identify({ token, address: client.address, via: "console" });
    let place: Extract<Delivery, { kind: "relay" }> | undefined;
    await run(deps.runtime, found.action, actor, found.input, (delivery) => {
      if (delivery.kind === "relay") place = delivery;
    });
    if (!place) throw new Error(`${found.action.endpoint.name} delivered no place to relay to`);
    await relay({ request, client: socket, head, address: place.address, ticket: place.ticket });
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const client = deps.readClient(request);
    prepare(socket);
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    let found: Opening | null;
    try {
      deps.limit(client.address);
      deps.origin.host(request);
      deps.origin.sameOrigin(request, client.secure, true);
      found = isWebSocket(request) ? find(request) : null;
    } catch (error) {
      return refuse(socket, answerOf(error, randomUUID()).status, client.secure);
    }
    if (!found) return refuse(socket, 404, client.secure);
    if (opening >= MOST_OPENING) return refuse(socket, 503, client.secure);
    opening++;
    try {
      await hand(request, socket, head, found, client);
    } catch (error) {
      tell(request, socket, head, error);
    } finally {
      opening--;
    }
  }

  return {
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
      void upgrade(request, socket, head).catch((error: unknown) => {
        deps.log.error({ error: loggable(error) }, "socket failed");
        socket.destroy();
      }),
    get count() {
      return open.size;
    },
    close(): void {
      for (const socket of open) socket.destroy();
    },
  };
}

function prepare(socket: Duplex): void {
  socket.on("error", () => socket.destroy());
  const { setTimeout, setKeepAlive, setNoDelay } = socket as Partial<Socket>;
  setTimeout?.call(socket, 0);
  setKeepAlive?.call(socket, true, 30_000);
  setNoDelay?.call(socket, true);
}

const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" &&
  headers.upgrade?.toLowerCase() === "websocket" &&
  headers["sec-websocket-version"] === "13" &&
  /^[A-Za-z0-9+/]{22}==$/.test(headers["sec-websocket-key"] ?? "");

function refuse(socket: Duplex, status: Fault["status"], secure: boolean): void {
  const headers = Object.entries({ ...securityHeaders(secure), connection: "close", "content-length": "0" });
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** Finds the SOCKET endpoint of a request; fixed paths win over those with parameters. */
function finder(actions: readonly AnyAction<Db>[]) {
  const sockets = actions
    .filter(({ endpoint }) => endpoint.route.startsWith("SOCKET "))
    .map((action) => {
      const path = action.endpoint.route.slice("SOCKET ".length);
      const pattern = path.replace(/:(\w+)/g, "(?<$1>[^/]{1,200})");
      return { action, path, pattern: new RegExp(`^/api${pattern}$`), read: inputReader(action.endpoint) };
    })
    .sort((a, b) => Number(a.path.includes(":")) - Number(b.path.includes(":")));
  return (request: IncomingMessage): Opening | null => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://socket");
    for (const { action, pattern, read } of sockets) {
      const match = pattern.exec(pathname);
      if (!match) continue;
      const query = Object.fromEntries(
        [...new Set(searchParams.keys())].map((key) => [key, valueOf(searchParams.getAll(key))]),
      );
      return { action, input: read({ query, body: undefined, params: match.groups }) };
    }
    return null;
  };
}

const valueOf = (values: readonly string[]): unknown => (values.length === 1 ? values[0] : values);
