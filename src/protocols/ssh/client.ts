import type { Socket } from "node:net";
import { Fault } from "../../core/index.ts";
import { clientOffer } from "./algorithms.ts";
import type { Pty } from "./channel.ts";
import { type ChannelRefused, createChannels } from "./channels.ts";
import { createClientAuth, type SshCredential } from "./client-auth.ts";
import { dial, seconds } from "./dial.ts";
import { handshakeFault, readable } from "./handshake-fault.ts";
import { fingerprintOf, parsePrivateKey } from "./keys.ts";
import { createTargetSession, type TargetSession, targetRequest } from "./target-session.ts";
import { createTransport, KEEPALIVE, type Keepalive, type Transport, type TransportEnd } from "./transport.ts";
import type { Negotiated } from "./wire.ts";

export type { SshCredential } from "./client-auth.ts";

type Env = Readonly<Record<string, string>>;

/** A signed-in connection to a target. */
export interface SshTarget {
  readonly hostKey: { readonly fingerprint: string; readonly type: string };
  readonly algorithms: Negotiated;
  /** Asks for a terminal and the login shell. */
  openShell(want: { pty: Pty | null; env?: Env }): Promise<TargetSession>;
  openExec(want: { command: string; pty?: Pty | null; env?: Env }): Promise<TargetSession>;
  openSubsystem(want: { name: string; env?: Env }): Promise<TargetSession>;
  close(): void;
  /** Why the connection is over; never rejects. */
  readonly closed: Promise<TransportEnd>;
}

/** Where to connect, as whom, and what to accept. */
export interface ConnectSsh {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** A promise lets dialling and key exchange run while the credential is fetched; if it rejects, so does the connection. */
  readonly credential: SshCredential | Promise<SshCredential>;
  readonly hostKey: {
    /**
     * Accepts, refuses, or refuses with a Fault of its own. It is asked before the target has proved that it holds the key:
     * pin a new key only after the connection stands.
     */
    verify(fingerprintSha256: string, type: string, keyBlob: Buffer): Promise<boolean | Fault>;
  };
  /** Default: 10 s to connect, 20 s until signed in. */
  readonly timeouts?: { readonly connectMs?: number; readonly signInMs?: number };
  /** Default: asked after 15 s of silence, given up after 3 of them. */
  readonly keepalive?: Keepalive;
  readonly signal?: AbortSignal | undefined;
  /** Also offers SHA-1, CBC and group 1; only where an asset asks for it. */
  readonly legacy?: boolean;
  /** The ciphers to offer instead of all; for measurements. */
  readonly ciphers?: readonly string[];
  /** An open connection to the target, from `dial` or through a jump host. */
  readonly socket?: Socket;
}

/**
 * Connects to an SSH server and signs in. Faults: `upstream` (refused, unknown host, host key, credential, no common
 * algorithm) and `timeout`, both with words for the person; whatever `verify` or `credential` reject with; the reason of
 * `signal`. RFC 4253, 4252, 4256, 8332.
 */
export async function connectSsh(options: ConnectSsh): Promise<SshTarget> {
  const { host, port, signal } = options;
  const { connectMs = 10_000, signInMs = 20_000 } = options.timeouts ?? {};
  const credential = Promise.resolve(options.credential);
  credential.catch(() => {});
  const socket = options.socket ?? (await dial({ host, port, timeoutMs: connectMs, signal }));
  return new Promise<SshTarget>((resolve, reject) => {
    const settle = (then: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      then();
    };
    const fail = (why: unknown) =>
      settle(() => {
        link.transport.destroy({ kind: "failed", words: "not signed in" });
        reject(why);
      });
    const aborted = () => fail(signal?.reason);
    const timer = setTimeout(
      () => fail(new Fault("timeout", `${host}:${port} did not complete the sign-in within ${seconds(signInMs)}.`)),
      signInMs,
    );
    const link = createLink(options, socket, credential, fail, (target) => settle(() => resolve(target)));
    if (signal?.aborted) aborted();
    else signal?.addEventListener("abort", aborted, { once: true });
  });
}

/** The connection until it is signed in: key exchange, host key, account. */
function createLink(
  options: ConnectSsh,
  socket: Socket,
  credential: Promise<SshCredential>,
  fail: (why: unknown) => void,
  ready: (target: SshTarget) => void,
): { transport: Transport } {
  const { username, legacy = false } = options;
  const where = `${options.host}:${options.port}`;
  const lines: string[] = [];
  let software = "";
  let pinned: { blob: Buffer; fingerprint: string; type: string } | undefined;
  let negotiated: Negotiated | undefined;
  let signedIn = false;

  const channels = createChannels({ request: targetRequest });
  const auth = createClientAuth({
    username,
    where,
    legacy,
    protocol: () => transport.protocol,
    done(fault) {
      if (fault) return fail(fault);
      if (!pinned || !negotiated) return fail(new Fault("upstream", `${where} broke the protocol.`));
      signedIn = true;
      transport.watch();
      ready(createTarget({ transport, channels, where, hostKey: pinned, algorithms: negotiated }));
    },
  });
  const transport = createTransport({
    socket,
    ident: "Sallyport",
    offer: clientOffer({ legacy, cipher: options.ciphers }),
    keepalive: options.keepalive ?? KEEPALIVE,
    handlers: {
      ...channels.handlers,
      ...auth.handlers,
      SERVICE_ACCEPT: () => void credential.then((given) => auth.begin(prepared(given)), fail).catch(fail),
      CHANNEL_OPEN: (p, { sender }) => p.channelOpenFail(sender, 1, "not wanted"),
      GLOBAL_REQUEST: (p, _name, wantReply) => void (wantReply && p.requestFailure()),
    },
    hostVerifier(blob, decide) {
      if (pinned) return pinned.blob.equals(blob);
      const key = { blob: Buffer.from(blob), fingerprint: fingerprintOf(blob), type: typeOf(blob) };
      void options.hostKey
        .verify(key.fingerprint, key.type, key.blob)
        .then((verdict) => {
          if (transport.over) return;
          if (verdict !== true) throw verdict || unaccepted(where, key.fingerprint);
          pinned = key;
          decide(true);
        })
        .catch(fail);
      return undefined;
    },
    onHeader: (name) => void (software = name),
    onHandshakeLine: (line) => void (line.startsWith("Handshake:") && lines.push(line)),
    onKeys(keys) {
      if (negotiated) return;
      negotiated = keys;
      transport.protocol.service("ssh-userauth");
    },
  });
  channels.attach(transport);
  void transport.ended.then((end) => {
    channels.lost();
    if (!signedIn) fail(handshakeFault({ where, end, lines, software }));
  });
  return { transport };
}

function createTarget(deps: {
  transport: Transport;
  channels: ReturnType<typeof createChannels>;
  where: string;
  hostKey: { fingerprint: string; type: string };
  algorithms: Negotiated;
}): SshTarget {
  const { transport, channels, where, hostKey, algorithms } = deps;
  const { protocol } = transport;
  async function open(start: Parameters<typeof createTargetSession>[1]): Promise<TargetSession> {
    const channel = await channels
      .open((id, window, packet) => protocol.session(id, window, packet))
      .catch((refused: ChannelRefused) => {
        const words = readable(refused.words);
        throw new Fault("upstream", `${where} refused to open a session${words ? `: ${words}` : ""}.`);
      });
    return createTargetSession(channel, start, where);
  }
  return {
    hostKey,
    algorithms,
    openShell: ({ pty, env = {} }) => open({ pty, env, run: (id) => protocol.shell(id, true), what: "the shell" }),
    openExec: ({ command, pty = null, env = {} }) =>
      open({ pty, env, run: (id) => protocol.exec(id, command, true), what: "the command" }),
    openSubsystem: ({ name, env = {} }) =>
      open({ pty: null, env, run: (id) => protocol.subsystem(id, name, true), what: `the subsystem ${name}` }),
    close: () => transport.end(),
    closed: transport.ended,
  };
}

const unaccepted = (where: string, fingerprint: string) =>
  new Fault("upstream", `The host key of ${where} (${fingerprint}) was not accepted.`, { reason: "host-key" });

const prepared = (given: SshCredential) =>
  given.kind === "password"
    ? given
    : { kind: "key" as const, key: parsePrivateKey(given.privateKey, given.passphrase) };

const typeOf = (blob: Buffer): string => blob.toString("latin1", 4, 4 + Math.min(64, blob.readUInt32BE(0)));
