import { Fault } from "../../core/index.ts";
import type { ByteChannel, Exit, Pty, WireChannel } from "./channel.ts";
import { SIGNALS } from "./wire.ts";

/** A shell, command or subsystem that runs on the target. Stream 1 of its data is standard error. */
export interface TargetSession extends ByteChannel {
  /** Known at the latest when the channel is closed. */
  readonly exit: Exit;
  resize(size: { cols: number; rows: number; width?: number; height?: number }): void;
  /** Without "SIG"; unknown names are dropped. */
  signal(name: string): void;
  break(ms: number): void;
}

export interface TargetStart {
  readonly pty: Pty | null;
  readonly env: Readonly<Record<string, string>>;
  readonly what: string;
  run(channel: number): void;
}

const exits = new WeakMap<WireChannel, Exit>();

/** The requests a target makes inside a channel: how the command ended; nothing else is granted. */
export function targetRequest(channel: WireChannel, type: string, wantReply: boolean, data: unknown): void {
  if (type === "exit-status" && !exits.has(channel)) exits.set(channel, { code: (data as number) | 0 });
  if (type === "exit-signal" && !exits.has(channel))
    exits.set(channel, { signal: (data as { signal: string }).signal.replace(/[^\w@.-]/g, "").slice(0, 32) });
  if (wantReply && channel.open) channel.transport.protocol.channelFailure(channel.remoteId);
}

/** Asks for environment, terminal and start in one go, without waiting between them. Fault `upstream` if the start is refused. */
export async function createTargetSession(
  channel: WireChannel,
  start: TargetStart,
  where: string,
): Promise<TargetSession> {
  const { protocol } = channel.transport;
  const id = channel.remoteId;
  for (const [name, value] of Object.entries(start.env)) protocol.env(id, name, value, false);
  let terminal: Promise<boolean> | undefined;
  if (start.pty) {
    const { rows, cols, height = 0, width = 0, term, modes } = start.pty;
    terminal = channel.nextReply();
    protocol.pty(id, rows, cols, height, width, term, modes ?? null, true);
  }
  const running = channel.nextReply();
  start.run(id);
  if ((terminal && !(await terminal)) || !(await running)) {
    channel.abort();
    if (channel.transport.over) throw new Fault("upstream", `${where} closed the connection.`);
    throw new Fault("upstream", `${where} refused ${terminal && !(await terminal) ? "a terminal" : start.what}.`);
  }
  return {
    send: channel.send,
    eof: channel.eof,
    close: channel.close,
    listen: channel.listen,
    closed: channel.closed,
    get exit() {
      return exits.get(channel) ?? null;
    },
    resize({ cols, rows, width = 0, height = 0 }) {
      if (channel.open) protocol.windowChange(id, rows, cols, height, width);
    },
    signal(name) {
      if (channel.open && SIGNALS.has(name)) protocol.signal(id, name);
    },
    break(ms) {
      if (channel.open) protocol.break(id, ms);
    },
  };
}
