import type { Transport } from "./transport.ts";

/** 0: standard output (or input), 1: standard error. */
export type Stream = 0 | 1;

/** How a command ended on the target (the code as a signed 32-bit number); null: it never said. */
export type Exit = { readonly code: number } | { readonly signal: string } | null;

/** A terminal as the client asks for it. RFC 4254 section 6.2. */
export interface Pty {
  readonly term: string;
  readonly cols: number;
  readonly rows: number;
  /** Of the window in pixels; 0 where unknown. */
  readonly width?: number;
  readonly height?: number;
  /** RFC 4254 section 8, by name (VERASE …). */
  readonly modes?: Readonly<Record<string, number>>;
}

/** What a listener is told, in the order it was sent. A promise from `data` holds back the sender until it resolves. */
export interface ChannelListener {
  data(bytes: Buffer, stream: Stream): Promise<void> | undefined | void;
  /** True: `data` is done with its bytes when it returns, promise or not; otherwise they are copied for it. */
  readonly copies?: boolean;
  eof?(): void;
  /** After the last `data`; nothing follows. */
  closed?(): void;
}

/** One side of a byte pipe with end-of-file in each direction and bounded memory. */
export interface ByteChannel {
  /**
   * Undefined: taken, and done with the bytes. A promise: taken as well, but leave the bytes alone and wait for it before
   * sending more, or memory grows.
   */
  send(bytes: Buffer, stream?: Stream): Promise<void> | undefined;
  /** No more from this side; the other direction stays open. After what was sent. */
  eof(): void;
  /** Closes both directions, after what was sent. */
  close(): void;
  /** Starts delivery, or hands it over to another listener; before that, and after null, up to a window (2 MB) waits. */
  listen(listener: ChannelListener | null): void;
  /** Resolves when the channel is over on both sides and all was delivered. */
  readonly closed: Promise<void>;
}

/** Bytes we let the other side send ahead, and how many must be consumed before we say so. */
export const WINDOW = 2 * 1024 * 1024;
const WINDOW_STEP = WINDOW / 2;
export const PACKET = 32 * 1024;
/** Less is refused: each packet of ours would cost many times what it carries. */
export const SMALLEST_PACKET = 1024;
/** Small pieces that wait are joined, so that a flood of one-byte packets cannot cost many times its window. */
const JOIN_BELOW = 1024;
const JOIN_UP_TO = 16 * 1024;
const STDERR = 1;

type Event = { bytes: Buffer; stream: Stream } | "eof" | "closed";

/** What a packet carries lies in memory that is read into again (patches/ssh2-borrowed-reads.mjs). */
const kept = (event: Event): Event =>
  typeof event === "string" ? event : { bytes: Buffer.from(event.bytes), stream: event.stream };

/** Sends the requests of one kind of channel; true: granted. */
export interface WireChannel extends ByteChannel {
  readonly localId: number;
  readonly remoteId: number;
  readonly transport: Transport;
  /** Sends now, past queued data. */
  readonly open: boolean;
  /** Runs after what was sent is on its way; not at all if the channel closes before. */
  afterSent(action: () => void): void;
  /** Registers for the next CHANNEL_SUCCESS or CHANNEL_FAILURE. */
  nextReply(): Promise<boolean>;
  /** Closes without sending what is queued. */
  abort(): void;
  /** From the packet layer. */
  readonly incoming: {
    data(bytes: Buffer, stream: Stream): void;
    window(amount: number): void;
    eof(): void;
    close(): void;
    reply(granted: boolean): void;
    /** The connection is gone. */
    lost(): void;
  };
}

export interface WireChannelOptions {
  readonly transport: Transport;
  readonly localId: number;
  readonly remote: { readonly id: number; readonly window: number; readonly packetSize: number };
  /** Frees the number. */
  readonly release: () => void;
}

/** An SSH channel after it was opened (RFC 4254 section 5): windows both ways, order, half-close. */
export function createWireChannel({ transport, localId, remote, release }: WireChannelOptions): WireChannel {
  const { protocol } = transport;
  const packetSize = Math.min(remote.packetSize, PACKET);
  const replies: ((granted: boolean) => void)[] = [];
  const { promise: closed, resolve: settleClosed } = Promise.withResolvers<void>();
  let weClosed = false;
  let theyClosed = false;
  let weEnded = false;

  // outgoing
  let outWindow = remote.window;
  let outQueue: { bytes: Buffer; stream: Stream }[] = [];
  let outActions: (() => void)[] = [];
  const outWaiters: (() => void)[] = [];

  function put(bytes: Buffer, stream: Stream): void {
    if (stream === 0) protocol.channelData(remote.id, bytes);
    else protocol.channelExtData(remote.id, bytes, STDERR);
  }
  /** Sends what the window admits; returns what is left. */
  function push(bytes: Buffer, stream: Stream): Buffer | undefined {
    let from = 0;
    while (from < bytes.length && outWindow > 0) {
      const to = Math.min(bytes.length, from + outWindow, from + packetSize);
      put(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), stream);
      outWindow -= to - from;
      from = to;
    }
    return from < bytes.length ? bytes.subarray(from) : undefined;
  }
  function flush(): void {
    while (outQueue[0]) {
      const { bytes, stream } = outQueue[0];
      const rest = push(bytes, stream);
      if (rest) {
        outQueue[0] = { bytes: rest, stream };
        return;
      }
      outQueue.shift();
    }
    for (const action of outActions.splice(0)) action();
    for (const resume of outWaiters.splice(0)) resume();
  }
  function dropOutgoing(): void {
    outQueue = [];
    outActions = [];
    for (const resume of outWaiters.splice(0)) resume();
  }
  function send(bytes: Buffer, stream: Stream = 0): Promise<void> | undefined {
    if (weEnded || weClosed || theyClosed || transport.over || bytes.length === 0) return undefined;
    const rest = outQueue.length > 0 ? bytes : push(bytes, stream);
    if (!rest) return transport.room();
    outQueue.push({ bytes: rest, stream });
    return new Promise((resolve) => outWaiters.push(resolve));
  }
  function afterSent(action: () => void): void {
    if (weClosed || theyClosed) return;
    if (outQueue.length > 0) outActions.push(action);
    else action();
  }
  function sendClose(): void {
    if (weClosed) return;
    weClosed = true;
    dropOutgoing();
    if (!transport.over) protocol.channelClose(remote.id);
    if (theyClosed) over();
  }

  // incoming
  let inWindow = WINDOW;
  let consumed = 0;
  let listener: ChannelListener | undefined;
  let held = false;
  let theyEnded = false;
  const inQueue: Event[] = [];

  function consume(bytes: number): void {
    consumed += bytes;
    if (consumed < WINDOW_STEP || theyEnded || theyClosed || weClosed || transport.over) return;
    inWindow += consumed;
    protocol.channelWindowAdjust(remote.id, consumed);
    consumed = 0;
  }
  function tell(event: Event): void {
    if (event === "eof") return listener?.eof?.();
    if (event === "closed") {
      listener?.closed?.();
      return settleClosed();
    }
    const busy = listener?.data(event.bytes, event.stream);
    if (!busy) return consume(event.bytes.length);
    held = true;
    void busy.then(
      () => consumed_(event.bytes.length),
      () => {
        consumed_(event.bytes.length);
        sendClose();
      },
    );
  }
  function consumed_(bytes: number): void {
    held = false;
    consume(bytes);
    drain();
  }
  function drain(): void {
    while (listener && !held && inQueue.length > 0) tell(inQueue.shift() as Event);
  }
  function deliver(event: Event): void {
    if (listener && !held && inQueue.length === 0) return tell(listener.copies ? event : kept(event));
    const last = inQueue.at(-1);
    if (
      typeof event === "object" &&
      typeof last === "object" &&
      last.stream === event.stream &&
      event.bytes.length < JOIN_BELOW &&
      last.bytes.length < JOIN_UP_TO
    ) {
      last.bytes = Buffer.concat([last.bytes, event.bytes]);
    } else inQueue.push(kept(event));
  }
  let told = false;
  function over(): void {
    if (told) return;
    told = true;
    release();
    for (const answer of replies.splice(0)) answer(false);
    deliver("closed");
    if (!listener) settleClosed();
  }

  return {
    localId,
    remoteId: remote.id,
    transport,
    closed,
    send,
    afterSent,
    abort: sendClose,
    get open() {
      return !weClosed && !theyClosed && !transport.over;
    },
    eof: () =>
      afterSent(() => {
        if (weEnded || !(!weClosed && !theyClosed && !transport.over)) return;
        weEnded = true;
        protocol.channelEOF(remote.id);
      }),
    close: () => {
      if (!weClosed && !theyClosed) afterSent(sendClose);
      else sendClose();
    },
    listen(given) {
      listener = given ?? undefined;
      drain();
    },
    nextReply: () =>
      new Promise((resolve) => {
        if (weClosed || theyClosed || transport.over) resolve(false);
        else replies.push(resolve);
      }),
    incoming: {
      data(bytes, stream) {
        if (theyEnded || theyClosed || bytes.length === 0) return;
        inWindow -= bytes.length;
        if (inWindow < 0) {
          transport.destroy({ kind: "failed", words: "more data than the window allowed" });
          return;
        }
        if (!weClosed) deliver({ bytes, stream });
      },
      window(amount) {
        outWindow += amount;
        if (outWindow > 0xffffffff) {
          transport.destroy({ kind: "failed", words: "window above its limit" });
          return;
        }
        if (outQueue.length > 0 || outActions.length > 0) flush();
      },
      eof() {
        if (theyEnded || theyClosed) return;
        theyEnded = true;
        deliver("eof");
      },
      close() {
        if (theyClosed) return;
        theyClosed = true;
        sendClose();
        over();
      },
      reply: (granted) => replies.shift()?.(granted),
      lost() {
        theyClosed = true;
        weClosed = true;
        dropOutgoing();
        over();
      },
    },
  };
}
