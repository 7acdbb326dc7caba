import type { Socket } from "node:net";
import { readAgain } from "./read-again.ts";
import {
  cryptoReady,
  DISCONNECT,
  type Handlers,
  type Negotiated,
  type Offer,
  type ParsedKey,
  Protocol,
  recycle,
} from "./wire.ts";

/** Why a connection is over. `vanished`: the other side answered nothing for the whole keepalive time. */
export interface TransportEnd {
  readonly kind: "ended" | "disconnected" | "vanished" | "failed";
  /** For the log; the other side's words when it sent some. */
  readonly words: string;
}

/** How silence is noticed. */
export interface Keepalive {
  /** Silence after which the other side is asked, in ms. */
  readonly intervalMs: number;
  /** Unanswered intervals after which it counts as gone. */
  readonly count: number;
}

export const KEEPALIVE: Keepalive = { intervalMs: 15_000, count: 3 };

export interface TransportOptions {
  readonly socket: Socket;
  readonly ident: string;
  readonly offer: Offer;
  readonly handlers: Handlers;
  readonly keepalive: Keepalive;
  /** Makes this side the server. */
  readonly hostKeys?: Readonly<Record<string, ParsedKey>>;
  readonly banner?: string | undefined;
  readonly hostVerifier?: (key: Buffer, decide: (accepted: boolean) => void) => boolean | undefined;
  /** Each finished key exchange. */
  readonly onKeys: (negotiated: Negotiated) => void;
  readonly onHeader?: (software: string) => void;
  /** Lines of the first key exchange. */
  readonly onHandshakeLine?: (line: string) => void;
  /** Bytes both ways after which new keys are agreed on. */
  readonly rekeyBytes?: number;
}

export interface Transport {
  readonly protocol: Protocol;
  readonly ended: Promise<TransportEnd>;
  readonly over: boolean;
  /** From now on silence is noticed and answered by keepalives. */
  watch(): void;
  /** Undefined: go on writing. A promise: the socket is full, wait for it. */
  room(): Promise<void> | undefined;
  /** Says goodbye and closes; what was written before still goes out, for at most a second. */
  end(words?: string, reason?: number): void;
  /** Closes at once. */
  destroy(why: TransportEnd): void;
}

/** Unsent bytes at which writers wait; a client that grants a window but does not read must not fill our memory. */
const SOCKET_FULL = 1024 * 1024;
/** Unsent bytes at which we stop reading: the other side asks for answers and does not fetch them. */
const SOCKET_STUCK = 4 * SOCKET_FULL;
/** Keepalive intervals that an exchange of new keys may take; packets wait in memory meanwhile. */
const EXCHANGE_TICKS = 8;
/** Bytes read from one socket in one turn of the event loop. */
const TURN = 128 * 1024;
const GOODBYE_MS = 1000;
const REKEY_BYTES = 16 * 1024 ** 3;

/** Joins ssh2's packet layer to a socket. */
export function createTransport(options: TransportOptions): Transport {
  const { keepalive } = options;
  const { socket, read } = readAgain(options.socket, TURN);
  let over = false;
  let corked = false;
  const waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const { promise: ended, resolve: settle } = Promise.withResolvers<TransportEnd>();

  const unwritten: Buffer[] = [];
  let oldest = 0;
  /** Writes finish in order. */
  const written = (error?: Error | null) => {
    const packet = unwritten[oldest];
    oldest += 1;
    if (packet && !error) recycle(packet);
    if (oldest < unwritten.length && oldest < 1024) return;
    unwritten.splice(0, oldest);
    oldest = 0;
  };
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  const protocol = new Protocol({
    server: options.hostKeys !== undefined,
    hostKeys: options.hostKeys ?? {},
    ident: options.ident,
    banner: options.banner,
    offer: options.offer,
    messageHandlers: {
      ...options.handlers,
      DISCONNECT: (_p, _reason, words) => close({ kind: "disconnected", words }),
    },
    onWrite(data) {
      if (over || !socket.writable) return;
      if (!corked) {
        corked = true;
        socket.cork();
        process.nextTick(uncork);
      }
      unwritten.push(data);
      socket.write(data, written);
    },
    onError: (error) => close({ kind: "failed", words: error.message }),
    onHeader: (header) => options.onHeader?.(header.versions.software),
    onHandshakeComplete(negotiated) {
      protocol._debug = undefined;
      exchangedAt = socket.bytesRead + socket.bytesWritten;
      exchanging = 0;
      goOn();
      options.onKeys(negotiated);
    },
    ...(options.onHandshakeLine ? { debug: options.onHandshakeLine } : {}),
    ...(options.hostVerifier ? { hostVerifier: options.hostVerifier } : {}),
  });

  function goOn(): void {
    for (const resume of waiting.splice(0)) resume();
  }
  function finish(why: TransportEnd): void {
    if (over) return;
    over = true;
    clearInterval(timer);
    goOn();
    protocol.cleanup();
    settle(why);
  }
  /** Lets the answer already written (a DISCONNECT) go out. */
  function close(why: TransportEnd): void {
    if (over) return;
    finish(why);
    socket.end();
    setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
  }
  function destroy(why: TransportEnd): void {
    finish(why);
    socket.destroy();
  }

  let exchangedAt = 0;
  let heardBytes = 0;
  let silent = 0;
  let exchanging = 0;
  const rekeyBytes = options.rekeyBytes ?? REKEY_BYTES;
  function tick(): void {
    const traffic = socket.bytesRead + socket.bytesWritten;
    if (protocol._kexinit !== undefined) exchanging += 1;
    else if (traffic - exchangedAt > rekeyBytes) protocol.rekey();
    if (exchanging > EXCHANGE_TICKS) return destroy({ kind: "failed", words: "the exchange of new keys did not end" });
    if (socket.bytesRead !== heardBytes) {
      heardBytes = socket.bytesRead;
      silent = 0;
      return;
    }
    silent += 1;
    if (silent >= keepalive.count) destroy({ kind: "vanished", words: "no answer to keepalives" });
    else protocol.ping();
  }

  let turn = 0;
  const nextTurn = () => {
    turn = 0;
    if (socket.isPaused() && socket.writableLength < SOCKET_STUCK) socket.resume();
  };
  /** libuv would read up to 2 MB of one busy socket before it looks at the next; others' keystrokes wait that long. */
  function takeTurns(bytes: number): void {
    if (turn === 0) setImmediate(nextTurn);
    turn += bytes;
    if (turn >= TURN || socket.writableLength >= SOCKET_STUCK) socket.pause();
  }

  socket.setNoDelay(true);
  socket.on("error", (error) => destroy({ kind: "failed", words: error.message }));
  socket.on("end", () => close({ kind: "ended", words: "the connection was closed" }));
  socket.on("close", () => finish({ kind: "ended", words: "the connection was closed" }));
  socket.on("drain", () => {
    goOn();
    if (socket.isPaused()) socket.resume();
  });
  socket.pause();
  void cryptoReady.then(() => {
    if (over) return;
    protocol.start();
    read((chunk) => {
      if (over) return;
      takeTurns(chunk.length);
      try {
        protocol.parse(chunk, 0, chunk.length);
      } catch (error) {
        if (!over) destroy({ kind: "failed", words: error instanceof Error ? error.message : "unreadable packet" });
      }
    });
    socket.resume();
  });

  return {
    protocol,
    ended,
    get over() {
      return over;
    },
    watch() {
      if (over || timer) return;
      heardBytes = socket.bytesRead;
      timer = setInterval(tick, keepalive.intervalMs);
    },
    room() {
      if (over || (socket.writableLength < SOCKET_FULL && protocol._kexinit === undefined)) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    },
    end(words = "", reason = DISCONNECT.byApplication) {
      if (over) return;
      protocol.disconnect(reason, words);
      close({ kind: "ended", words });
    },
    destroy,
  };
}
