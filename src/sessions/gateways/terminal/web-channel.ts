import type { WebSocket } from "ws";
import type { SessionListener } from "../../../protocols/index.ts";
import { TerminalNotice, TerminalRequest } from "../../schema.ts";
import type { ClientEnd } from "../client-end.ts";

const BUFFERED_AT_MOST = 1024 * 1024;

export interface WebChannel extends ClientEnd {
  /** Takes a (new) socket; the one before is closed. */
  attach(socket: WebSocket): void;
  tell(notice: TerminalNotice): void;
  /** Says to a new socket what the person was told last. */
  repeat(): void;
  /** Sends a last notice and closes the socket. */
  finish(notice: TerminalNotice): void;
}

/** What a socket may leave unread before it is cut: notices have no backpressure. */
const UNREAD_AT_MOST = 8 * 1024 * 1024;

/** Sends one notice as a text frame; a socket that is closing drops it, one that reads nothing is cut. */
export function sendNotice(socket: WebSocket, notice: TerminalNotice): void {
  if (socket.bufferedAmount > UNREAD_AT_MOST) return socket.terminate();
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(TerminalNotice.parse(notice)));
}

/**
 * A browser's terminal as a byte channel. It outlives its socket by `graceMs`; what is sent meanwhile is left to the
 * session's screen, from which `attach` is followed by a redraw.
 */
export function createWebChannel(graceMs: number): WebChannel {
  let socket: WebSocket | null = null;
  let listener: SessionListener | null = null;
  let grace: NodeJS.Timeout | undefined;
  const { promise: closed, resolve: settle } = Promise.withResolvers<void>();
  let over = false;
  let lost = false;
  let said: TerminalNotice | null = null;
  const tell = (notice: TerminalNotice): void => void (socket && sendNotice(socket, notice));

  function close(): void {
    if (over) return;
    over = true;
    clearTimeout(grace);
    listener?.closed?.();
    settle();
  }

  function input(from: WebSocket, bytes: Buffer): void {
    const busy = listener?.data(bytes, 0);
    if (!busy) return;
    from.pause();
    busy.then(
      () => from.resume(),
      () => close(),
    );
  }

  function control(text: string): void {
    const request = TerminalRequest.safeParse(parsed(text));
    if (!request.success) return;
    if (request.data.type === "resize") listener?.resized?.({ ...request.data, width: 0, height: 0 });
    else if (request.data.type === "ping" && socket) sendNotice(socket, { type: "pong" });
    else if (request.data.type === "close") close();
  }

  function attach(fresh: WebSocket): void {
    const before = socket;
    socket = fresh;
    clearTimeout(grace);
    before?.close(4000, "taken up elsewhere");
    fresh.on("message", (data, binary) => {
      if (socket !== fresh || over) return;
      const bytes = data as Buffer;
      if (binary) input(fresh, bytes);
      else control(bytes.toString("utf8"));
    });
    fresh.on("error", () => fresh.terminate());
    fresh.on("close", () => {
      if (socket !== fresh || over) return;
      socket = null;
      grace = setTimeout(() => {
        lost = true;
        close();
      }, graceMs);
    });
  }

  return {
    closed,
    attach,
    tell,
    repeat: () => void (said && tell(said)),
    finish(notice) {
      if (socket) sendNotice(socket, notice);
      socket?.close(1000);
      close();
    },
    send(bytes) {
      const to = socket;
      if (!to || to.readyState !== to.OPEN) return undefined;
      if (to.bufferedAmount < BUFFERED_AT_MOST) {
        to.send(Buffer.from(bytes));
        return undefined;
      }
      return new Promise((resolve) => to.send(bytes, () => resolve()));
    },
    eof: () => {},
    notice(text) {
      said = { type: "notice", text };
      tell(said);
    },
    isLost: () => lost,
    listen(given) {
      listener = given;
      if (over) given.closed?.();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
