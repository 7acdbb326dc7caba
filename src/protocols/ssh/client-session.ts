import { Fault } from "../../core/index.ts";
import type { ByteChannel, ChannelListener, Exit, Pty, WireChannel } from "./channel.ts";
import { SIGNALS } from "./wire.ts";

/** What a session's listener is told besides bytes. */
export interface SessionListener extends ChannelListener {
  resized?(size: { cols: number; rows: number; width: number; height: number }): void;
  signal?(name: string): void;
  break?(ms: number): void;
}

/** What a person at the client runs: a shell, a command or a subsystem. Granted on the wire already; `refuse` takes it back in words. */
export interface ClientSession extends ByteChannel {
  readonly kind: "shell" | "exec" | "subsystem";
  /** The command or the subsystem's name. */
  readonly command: string | null;
  /** With the size as it is now. */
  readonly pty: Pty | null;
  /** Only LANG, LC_* and TERM. */
  readonly env: Readonly<Record<string, string>>;
  listen(listener: SessionListener | null): void;
  /** Says how it ended, then end-of-file and close, after what was sent. Null: closes without saying. */
  exit(how: Exit): void;
}

const ENV = /^(LANG|LC_[A-Z]{1,32}|TERM)$/;
const ENV_COUNT = 32;
const CELLS = 10_000;

/** Answers the requests inside a session channel until it starts; `start` is called once. */
export function createSessionRequests(channel: WireChannel, start: (session: ClientSession) => void) {
  const { protocol } = channel.transport;
  const env: Record<string, string> = {};
  let pty: Pty | null = null;
  let listener: SessionListener | undefined;
  let started = false;

  const begin = (kind: ClientSession["kind"], command: string | null): boolean => {
    if (started) return false;
    started = true;
    queueMicrotask(() => start(session(kind, command)));
    return true;
  };
  const session = (kind: ClientSession["kind"], command: string | null): ClientSession => ({
    kind,
    command,
    env,
    get pty() {
      return pty;
    },
    send: channel.send,
    eof: channel.eof,
    close: channel.close,
    closed: channel.closed,
    listen(given) {
      listener = given ?? undefined;
      channel.listen(given);
    },
    exit(how) {
      channel.afterSent(() => {
        if (channel.open) sendExit(how);
        channel.eof();
        channel.close();
      });
    },
  });
  function sendExit(how: Exit): void {
    if (!how) return;
    if ("code" in how) return protocol.exitStatus(channel.remoteId, how.code >>> 0);
    const name = how.signal.replace(/^SIG/, "");
    if (SIGNALS.has(name)) protocol.exitSignal(channel.remoteId, name, false, "");
    else protocol.exitStatus(channel.remoteId, 255);
  }

  const requests: Record<string, (data: never) => boolean> = {
    env({ name, value }: { name: string; value: string }) {
      if (started || !ENV.test(name) || value.length > 256 || Object.keys(env).length >= ENV_COUNT) return false;
      env[name] = value;
      return true;
    },
    "pty-req"(data: Pty) {
      if (started || pty) return false;
      pty = { ...data, term: data.term.slice(0, 64), cols: cells(data.cols, 80), rows: cells(data.rows, 24) };
      return true;
    },
    "window-change"(data: { cols: number; rows: number; width: number; height: number }) {
      if (!pty) return false;
      const size = { ...data, cols: cells(data.cols, pty.cols), rows: cells(data.rows, pty.rows) };
      pty = { ...pty, ...size };
      listener?.resized?.(size);
      return true;
    },
    signal(name: string) {
      if (!started || !SIGNALS.has(name)) return false;
      listener?.signal?.(name);
      return true;
    },
    break(data: Buffer | null) {
      if (!started || data?.length !== 4) return false;
      listener?.break?.(data.readUInt32BE(0));
      return true;
    },
    shell: () => begin("shell", null),
    exec: (command: string) => begin("exec", command),
    subsystem: (name: string) => begin("subsystem", name),
  };
  return (type: string, wantReply: boolean, data: unknown): void => {
    const granted = Object.hasOwn(requests, type) && requests[type]?.(data as never) === true;
    if (!wantReply || !channel.open) return;
    if (granted) protocol.channelSuccess(channel.remoteId);
    else protocol.channelFailure(channel.remoteId);
  };
}

const cells = (given: number, otherwise: number): number => (given >= 1 && given <= CELLS ? given : otherwise);

/**
 * Ends a session that was not let through: the words on standard error and exit code 254, or 255 for anything but a Fault.
 * With a terminal, line ends are CR LF.
 */
export function refuse(session: ClientSession, error: unknown): void {
  const fault = error instanceof Fault ? error : null;
  const words = fault?.message ?? "The gate met an error of its own. Tell your administrator.";
  const end = session.pty ? "\r\n" : "\n";
  session.listen({ data() {} });
  void session.send(Buffer.from(words.replace(/\r?\n/g, end) + end), 1);
  session.exit({ code: fault ? 254 : 255 });
}
