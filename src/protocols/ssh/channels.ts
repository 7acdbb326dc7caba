import { createWireChannel, PACKET, SMALLEST_PACKET, WINDOW, type WireChannel } from "./channel.ts";
import type { Transport } from "./transport.ts";
import { type ChannelOpen, DISCONNECT, type Handlers } from "./wire.ts";

type Opening = { resolve(channel: WireChannel): void; reject(reason: ChannelRefused): void };

/** The other side refused to open a channel (RFC 4254 section 5.1). */
export interface ChannelRefused {
  readonly code: number;
  readonly words: string;
}

export interface Channels {
  readonly handlers: Handlers;
  readonly count: number;
  /** Must be called before the first packet. */
  attach(transport: Transport): void;
  /** Grants the other side's request for a channel. */
  accept(open: ChannelOpen): WireChannel;
  /** Asks for a channel; `ask` sends the packet. Rejects with ChannelRefused; never resolves once the connection is lost: rejects. */
  open(ask: (id: number, window: number, packet: number) => void): Promise<WireChannel>;
  /** The connection is gone. */
  lost(): void;
}

/** The channels of one connection, by number. `request` sees the requests inside a channel and answers them. */
export function createChannels(deps: {
  request(channel: WireChannel, type: string, wantReply: boolean, data: unknown): void;
}): Channels {
  const channels = new Map<number, WireChannel>();
  const openings = new Map<number, Opening>();
  let next = 0;
  let transport: Transport;

  const nextId = () => {
    while (channels.has(next) || openings.has(next)) next = (next + 1) >>> 0;
    const id = next;
    next = (next + 1) >>> 0;
    return id;
  };
  function add(localId: number, remote: { id: number; window: number; packetSize: number }): WireChannel {
    const channel = createWireChannel({ transport, localId, remote, release: () => void channels.delete(localId) });
    channels.set(localId, channel);
    return channel;
  }
  /** Late packets for a channel that is closed are common and harmless. */
  const incoming = (id: number): WireChannel["incoming"] | undefined => channels.get(id)?.incoming;

  const handlers: Handlers = {
    CHANNEL_OPEN_CONFIRMATION(_p, { recipient, sender, window, packetSize }) {
      const opening = openings.get(recipient);
      if (!opening) return transport.end("no such channel", DISCONNECT.protocolError);
      openings.delete(recipient);
      if (packetSize < SMALLEST_PACKET) {
        opening.reject({ code: 0, words: `it takes packets of ${packetSize} bytes at most` });
        return transport.end("packet size below 1024 bytes", DISCONNECT.protocolError);
      }
      opening.resolve(add(recipient, { id: sender, window, packetSize }));
    },
    CHANNEL_OPEN_FAILURE(_p, recipient, code, words) {
      openings.get(recipient)?.reject({ code, words });
      openings.delete(recipient);
    },
    CHANNEL_WINDOW_ADJUST: (_p, id, amount) => incoming(id)?.window(amount),
    CHANNEL_DATA: (_p, id, data) => incoming(id)?.data(data, 0),
    CHANNEL_EXTENDED_DATA: (_p, id, data) => incoming(id)?.data(data, 1),
    CHANNEL_EOF: (_p, id) => incoming(id)?.eof(),
    CHANNEL_CLOSE: (_p, id) => incoming(id)?.close(),
    CHANNEL_SUCCESS: (_p, id) => incoming(id)?.reply(true),
    CHANNEL_FAILURE: (_p, id) => incoming(id)?.reply(false),
    CHANNEL_REQUEST(_p, id, type, wantReply, data) {
      const channel = channels.get(id);
      if (channel) deps.request(channel, type, wantReply, data);
    },
  };

  return {
    handlers,
    get count() {
      return channels.size;
    },
    attach: (given) => void (transport = given),
    accept(open) {
      const channel = add(nextId(), { id: open.sender, window: open.window, packetSize: open.packetSize });
      transport.protocol.channelOpenConfirm(open.sender, channel.localId, WINDOW, PACKET);
      return channel;
    },
    open(ask) {
      const id = nextId();
      return new Promise((resolve, reject) => {
        if (transport.over) return reject({ code: 0, words: "the connection is closed" } satisfies ChannelRefused);
        openings.set(id, { resolve, reject });
        ask(id, WINDOW, PACKET);
      });
    },
    lost() {
      for (const opening of openings.values()) opening.reject({ code: 0, words: "the connection is closed" });
      openings.clear();
      for (const channel of channels.values()) channel.incoming.lost();
    },
  };
}
