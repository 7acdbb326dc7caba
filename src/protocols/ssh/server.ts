import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { prepareMemory } from "../../core/index.ts";
import { serverOffer } from "./algorithms.ts";
import { type Channels, createChannels } from "./channels.ts";
import { SMALLEST_PACKET, type WireChannel } from "./channel.ts";
import { type ClientSession, createSessionRequests } from "./client-session.ts";
import { parsePrivateKey } from "./keys.ts";
import { type AuthAttempt, type AuthMethod, type AuthVerdict, createServerAuth } from "./server-auth.ts";
import { createTransport, KEEPALIVE, type Keepalive, type Transport, type TransportEnd } from "./transport.ts";
import { type ChannelOpen, OPEN_FAILURE, type ParsedKey } from "./wire.ts";

export interface SshLimits {
  /** Connections at once, signed in or not. */
  readonly connections: number;
  /** Connections at once that are not signed in yet. */
  readonly signingIn: number;
  /** Attempts to sign in per connection, offers of keys included; a first "none" does not count. */
  readonly attempts: number;
  /** From the connection until signed in, in ms. */
  readonly signInMs: number;
  /** Channels at once per connection. */
  readonly channels: number;
}

const LIMITS: SshLimits = { connections: 5000, signingIn: 200, attempts: 6, signInMs: 60_000, channels: 10 };

/** One client's connection. */
export interface SshConnection {
  readonly address: string;
  readonly port: number;
  /** Says goodbye with words the client shows, and closes. */
  end(words?: string): void;
  /** Why it is over; never rejects. */
  readonly closed: Promise<TransportEnd>;
}

/** The caller's part of one connection. */
export interface ConnectionHandler {
  /** Decides on one attempt. A rejection ends the connection. */
  authenticate(attempt: AuthAttempt): Promise<AuthVerdict>;
  signedIn?(username: string): void;
  /** A shell, command or subsystem was asked for; answer with `relay`, with bytes of your own, or with `refuse`. */
  session(session: ClientSession): void;
}

/** The SSH server people sign in to. */
export interface SshServer {
  /** Resolves with the port; rejects with the system's error (EADDRINUSE …). */
  listen(port: number, host?: string): Promise<number>;
  /** Serves a socket accepted elsewhere. */
  accept(socket: Socket): void;
  readonly connections: number;
  /** Stops listening and ends every connection with these words. */
  close(words?: string): Promise<void>;
}

/** What the server needs. */
export interface SshServerOptions {
  /** Private keys in OpenSSH or PEM form, at most one of a kind; Fault `invalid` otherwise. */
  readonly hostKeys: readonly string[];
  /** After "SSH-2.0-"; default Sallyport. */
  readonly ident?: string;
  /** Shown before the sign-in. */
  readonly banner?: string;
  /** The methods offered first. */
  readonly methods?: readonly AuthMethod[];
  readonly limits?: Partial<SshLimits>;
  readonly keepalive?: Keepalive;
  readonly rekeyBytes?: number;
  onConnection(connection: SshConnection): ConnectionHandler;
}

/**
 * An SSH server that serves sessions and nothing else: no agent, X11 or port forwarding. It knows no users: `onConnection`
 * decides. RFC 4253, 4252, 4254, 4256.
 */
export function createSshServer(options: SshServerOptions): SshServer {
  prepareMemory("relaying");
  const limits = { ...LIMITS, ...options.limits };
  const hostKeys = byAlgorithm(options.hostKeys);
  const open = new Set<Transport>();
  let signingIn = 0;
  let closing = false;

  function accept(socket: Socket): void {
    if (closing || open.size >= limits.connections || signingIn >= limits.signingIn) return void socket.destroy();
    signingIn += 1;
    const transport = serve(socket, { ...options, limits, hostKeys, signedIn: () => void (signingIn -= 1) });
    open.add(transport.transport);
    void transport.transport.ended.then(() => {
      open.delete(transport.transport);
      if (!transport.isSignedIn()) signingIn -= 1;
    });
  }
  const server: Server = createServer({ noDelay: true, pauseOnConnect: true }, accept);
  return {
    accept,
    get connections() {
      return open.size;
    },
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.removeListener("error", reject);
          server.on("error", () => {});
          resolve((server.address() as AddressInfo).port);
        });
      }),
    async close(words = "The gate is shutting down.") {
      closing = true;
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const transport of open) transport.end(words);
      await stopped;
    },
  };
}

type Serving = Omit<SshServerOptions, "limits" | "hostKeys"> & {
  limits: SshLimits;
  hostKeys: Record<string, ParsedKey>;
  signedIn(): void;
};

function serve(socket: Socket, options: Serving): { transport: Transport; isSignedIn(): boolean } {
  const { limits } = options;
  let signedIn = false;
  const connection: SshConnection = {
    address: (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, ""),
    port: socket.remotePort ?? 0,
    end: (words) => transport.end(words),
    get closed() {
      return transport.ended;
    },
  };
  const channels = createSessionChannels({
    limit: limits.channels,
    isSignedIn: () => signedIn,
    started: (session) => handler.session(session),
  });
  const auth = createServerAuth({
    transport: () => transport,
    methods: options.methods ?? ["publickey", "password", "keyboard-interactive"],
    maxAttempts: limits.attempts,
    authenticate: (attempt) => handler.authenticate(attempt),
    signedIn(username) {
      signedIn = true;
      clearTimeout(timer);
      options.signedIn();
      transport.watch();
      handler.signedIn?.(username);
    },
  });
  const transport = createTransport({
    socket,
    ident: options.ident ?? "Sallyport",
    banner: options.banner,
    hostKeys: options.hostKeys,
    offer: serverOffer(Object.keys(options.hostKeys)),
    keepalive: options.keepalive ?? KEEPALIVE,
    ...(options.rekeyBytes ? { rekeyBytes: options.rekeyBytes } : {}),
    handlers: {
      ...channels.handlers,
      ...auth.handlers,
      GLOBAL_REQUEST: (p, _name, wantReply) => void (wantReply && p.requestFailure()),
    },
    onKeys() {},
  });
  channels.attach(transport);
  const handler = options.onConnection(connection);
  const timer = setTimeout(() => auth.stop("The sign-in took too long."), limits.signInMs);
  void transport.ended.then(() => {
    clearTimeout(timer);
    auth.stop("");
    channels.lost();
  });
  return { transport, isSignedIn: () => signedIn };
}

/** Channels of which each may become one session. */
function createSessionChannels(deps: {
  limit: number;
  isSignedIn(): boolean;
  started(session: ClientSession): void;
}): Channels {
  const requests = new WeakMap<WireChannel, ReturnType<typeof createSessionRequests>>();
  const channels = createChannels({
    request: (channel, type, wantReply, data) => requests.get(channel)?.(type, wantReply, data),
  });
  const refusal = (open: ChannelOpen): [number, string] | null => {
    if (!deps.isSignedIn()) return [OPEN_FAILURE.prohibited, "sign in first"];
    if (open.type !== "session") return [OPEN_FAILURE.prohibited, "only sessions are served here"];
    if (open.packetSize < SMALLEST_PACKET)
      return [OPEN_FAILURE.prohibited, `packets of less than ${SMALLEST_PACKET} bytes are not served`];
    if (channels.count >= deps.limit)
      return [OPEN_FAILURE.shortage, `at most ${deps.limit} sessions in one connection`];
    return null;
  };
  channels.handlers.CHANNEL_OPEN = (p, open) => {
    const no = refusal(open);
    if (no) return p.channelOpenFail(open.sender, ...no);
    const channel = channels.accept(open);
    requests.set(channel, createSessionRequests(channel, deps.started));
  };
  return channels;
}

/** ssh2 wants the host keys by signature algorithm. */
function byAlgorithm(privateKeys: readonly string[]): Record<string, ParsedKey> {
  const keys: Record<string, ParsedKey> = {};
  for (const text of privateKeys) {
    const key = parsePrivateKey(text);
    for (const name of key.type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [key.type]) keys[name] ??= key;
  }
  return keys;
}
