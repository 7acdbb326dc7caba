import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Actor, Fault } from "../../../core/index.ts";
import type { Presence } from "../../../iam/index.ts";
import { type Ticket, useTicket } from "../../control/ticket.store.ts";
import type { TerminalNotice } from "../../schema.ts";
import { type Begun, runSession, type SessionDeps } from "../run-session.ts";
import { createWebChannel, sendNotice, type WebChannel } from "./web-channel.ts";

const LONGEST_FRAME = 1024 * 1024;
const BUFFERED_AT_MOST = 4 * 1024 * 1024;
const PING_MS = 20_000;

type OpenTicket = Extract<Ticket, { kind: "open" }>;
type Person = Ticket["person"];

const actorOf = ({ apiKeyId, ...person }: Person): Actor => ({
  ...person,
  kind: "person",
  via: apiKeyId === null ? "console" : "api",
  permissions: new Set(),
});

/** Serves web terminals and watchers that come with a ticket; to be bound to a private Unix socket. */
export function createTerminalServer(deps: SessionDeps): Server {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_FRAME,
    perMessageDeflate: false,
    autoPong: false,
  });
  const channels = new Map<string, { channel: WebChannel; begun: Begun; opened: TerminalNotice }>();
  const server = createServer((_, answer) => void answer.writeHead(404).end());

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => stream.destroy());
    const token = request.headers["x-sallyport-ticket"];
    sockets.handleUpgrade(request, stream, head, (socket) => {
      keepAlive(socket);
      socket.pause();
      useTicket(deps.runtime.db, deps.gatewayId, typeof token === "string" ? token : "")
        .then((ticket) => serve(ticket, socket))
        .catch((error) => refuse(socket, error))
        .finally(() => socket.resume());
    });
  });

  function serve(ticket: Ticket, socket: WebSocket): void {
    if (ticket.kind === "open") void open(ticket, socket);
    else if (ticket.kind === "resume") resume(ticket, socket);
    else watch(ticket, socket);
  }

  /** Whoever types is using their console session, though no request tells of it. */
  function attend({ signInId }: Person, socket: WebSocket): void {
    if (signInId) socket.on("message", (_, binary) => void (binary && deps.attended(signInId)));
  }

  function refuse(socket: WebSocket, error: unknown): void {
    if (!(error instanceof Fault)) deps.failed(error);
    sendNotice(socket, noticeOf(error));
    socket.close(4403);
  }

  async function open(
    { person, assetId, accountId, protocol, cols, rows }: OpenTicket,
    socket: WebSocket,
  ): Promise<void> {
    const channel = createWebChannel(deps.patience.graceMs);
    attend(person, socket);
    channel.attach(socket);
    const pty = { term: "xterm-256color", cols, rows };
    let id: string | null = null;
    let leave = (): void => {};
    try {
      const ask = { actor: actorOf(person), assetId, accountId, protocol, command: null, pty, env: {} };
      const { reason, detail, exit } = await runSession(deps, ask, channel, (begun) => {
        id = begun.id;
        const opened: TerminalNotice = {
          type: "opened",
          sessionId: begun.id,
          asset: begun.assetName,
          account: begun.accountName,
          recorded: true,
          startedAt: begun.startedAt.toISOString(),
          until: begun.until?.toISOString() ?? null,
        };
        channels.set(begun.id, { channel, begun, opened });
        leave = deps.visitors.enter({
          presence: presenceOf(person, deps.runtime.now(), null),
          end: (detail) => void begun.end({ reason: "revoked", detail }).catch(deps.failed),
        });
        begun.audience.onChange(() => channel.tell({ type: "watchers", names: begun.audience.names() }));
        channel.tell(opened);
      });
      channel.finish({ type: "ended", reason, detail, exitCode: exit && "code" in exit ? exit.code : null });
    } catch (error) {
      if (!(error instanceof Fault)) deps.failed(error);
      channel.finish(noticeOf(error));
    } finally {
      leave();
      if (id) channels.delete(id);
    }
  }

  function resume(ticket: Extract<Ticket, { kind: "resume" }>, socket: WebSocket): void {
    const held = channels.get(ticket.sessionId);
    if (!held) throw new Fault("conflict", "The session has ended.");
    attend(ticket.person, socket);
    held.channel.attach(socket);
    sendNotice(socket, held.opened);
    const { audience } = held.begun;
    sendNotice(socket, { type: "size", ...audience.size });
    socket.send(audience.screen());
    held.channel.tell({ type: "watchers", names: audience.names() });
    held.channel.repeat();
  }

  function watch(ticket: Extract<Ticket, { kind: "watch" }>, socket: WebSocket): void {
    const session = deps.live.get(ticket.sessionId);
    if (!session || session.request.orgId !== ticket.person.orgId)
      throw new Fault("conflict", "The session has ended.");
    const leave = session.audience.join({
      name: ticket.person.name,
      announced: true,
      show(bytes) {
        if (socket.readyState !== socket.OPEN || socket.bufferedAmount > BUFFERED_AT_MOST) {
          socket.close(4008, "too slow");
          return false;
        }
        socket.send(bytes);
        return true;
      },
      resized: (cols, rows) => sendNotice(socket, { type: "size", cols, rows }),
      ended(end) {
        sendNotice(socket, { type: "ended", ...end });
        socket.close(1000);
      },
    });
    const go = deps.visitors.enter({
      presence: presenceOf(ticket.person, deps.runtime.now(), "session.watch"),
      end(message) {
        sendNotice(socket, { type: "fault", code: "denied", message });
        socket.close(4403);
      },
    });
    socket.on("close", () => {
      leave();
      go();
    });
    socket.on("error", () => socket.terminate());
  }
  return server;
}

const presenceOf = (person: Person, since: Date, permission: string | null): Presence => ({
  userId: person.id,
  orgId: person.orgId,
  since,
  signInId: person.signInId,
  apiKeyId: person.apiKeyId,
  fingerprint: null,
  byPassword: false,
  permission,
});

const noticeOf = (error: unknown): TerminalNotice =>
  error instanceof Fault
    ? { type: "fault", code: error.code, message: error.message }
    : { type: "fault", code: "internal", message: "An internal error. It was written to the log." };

/** Finds sockets that vanished without a word. */
function keepAlive(socket: WebSocket): void {
  let answered = true;
  socket.on("pong", () => void (answered = true));
  socket.on("ping", (data) => socket.bufferedAmount === 0 && socket.pong(data));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_MS);
  socket.on("close", () => clearInterval(timer));
}
