import { type Actor, Fault, type Runtime } from "../../core/index.ts";
import { type Assets, type Connection, methodOf } from "../../assets/index.ts";
import type { RecordingWriter } from "../../audit/index.ts";
import type { Db } from "../../db/index.ts";
import {
  connectSsh,
  type Exit,
  type Keepalive,
  type Pty,
  type RelayEnd,
  relay,
  type SshTarget,
  type TargetSession,
} from "../../protocols/index.ts";
import { type Audience, createAudience } from "../control/audience.ts";
import { createCalm } from "../control/calm.ts";
import type { EndCause, LiveSession, LiveSessions } from "../control/live-sessions.ts";
import { wordsOfOutliving } from "../control/outliving.ts";
import type { Visitors } from "../control/visitors.ts";
import { endSession, noteOutliving, type OpenedSession, openSession } from "../live/life.ts";
import { waitForReview } from "../live/review.ts";
import type { RuledRequest } from "../live/ruled.ts";
import { LONGEST_COMMAND, markLive } from "../live/session.store.ts";
import type { Recorder } from "../recorder/recorder.ts";
import type { ClientEnd } from "./client-end.ts";

/** How long a silent end is waited for. */
export interface Patience {
  /** Of SSH, at both ends. */
  readonly keepalive: Keepalive;
  /** How long a web terminal waits for its browser to come back, in ms. */
  readonly graceMs: number;
  /** How long a target that accepted the account may take to start what was asked for, in ms; 20,000. */
  readonly startMs?: number;
  /** How long reviewers have to approve a connection, in ms; 300,000. */
  readonly reviewMs?: number;
}

export interface SessionDeps {
  readonly runtime: Runtime<Db>;
  readonly assets: Assets;
  readonly recorder: Recorder;
  readonly live: LiveSessions;
  readonly visitors: Visitors;
  readonly gatewayId: string;
  readonly failed: (error: unknown) => void;
  readonly patience: Patience;
  /** Somebody types who came with this console session. */
  readonly attended: (signInId: string) => void;
  /** Counts what passes. */
  readonly meter: (bytes: number) => void;
}

/** Who wants what. `actor` is a signed-in person. */
export interface SessionAsk {
  readonly actor: Actor;
  readonly assetId: string;
  readonly accountId: string;
  readonly protocol: string;
  /** Null: a shell. */
  readonly command: string | null;
  readonly pty: Pty | null;
  readonly env: Readonly<Record<string, string>>;
}

export interface Begun extends OpenedSession {
  readonly audience: Audience;
  end(cause: EndCause): Promise<void>;
}

export interface SessionEnd extends EndCause {
  readonly exit: Exit;
}

const NO_SCREEN = { cols: 80, rows: 24 };
const START_MS = 20_000;
/** A window that is being dragged is written down at most so often. */
const RESIZE_MS = 100;

/**
 * One session from permission to the closed recording. The dial runs beside the opening of the session; the credential
 * goes out only when that is committed. `begun` is told when the target answers. Resolves when the person's end may be
 * closed; the row and the recording are closed right after (`live` counts the session until then). Faults of the
 * opening are thrown: no rule, no approval, target unreachable, host key changed, no recording possible.
 */
export async function runSession(
  deps: SessionDeps,
  ask: SessionAsk,
  client: ClientEnd,
  begun: (session: Begun) => void = () => {},
): Promise<SessionEnd> {
  const { runtime, assets, live } = deps;
  const { actor, assetId, accountId, protocol } = ask;
  const stop = new AbortController();
  const subject = { orgId: actor.orgId ?? "", userId: actor.id ?? "", assetId, accountId };
  const { address, via } = actor;
  const request = { ...subject, protocol, action: "connect", address, method: methodOf(via) } as const;
  const { reviewMs } = deps.patience;
  const approved = await waitForReview({ runtime, assets, reviewMs }, request, { ...client, actor });
  const connection = await assets.connectionOf(runtime.db, { ...subject, protocol });
  const { rechecks } = live;
  const opening = openSession({ runtime, assets }, actor, {
    assetId,
    accountId,
    protocol,
    kind: ask.command === null ? "shell" : "exec",
    command: ask.command,
    gatewayId: deps.gatewayId,
    approved,
  });
  const dialing = dialTarget(deps, actor, connection, opening, stop.signal);
  dialing.catch(() => {});
  const opened = await opening.catch((error) => {
    stop.abort(error);
    throw error;
  });
  const session = new SessionLife(deps, ask, opened, client, stop);
  const leave = live.add(session.asLive({ ...request, approved }));
  for (const words of opened.notices) client.notice(words);
  // A right that was taken away while the session opened was not asked of it.
  if (live.rechecks !== rechecks) void live.recheck();
  try {
    await session.start(dialing, begun);
    // Who waited for a reviewer may have been shown out meanwhile.
    if (approved.length > 0) void deps.visitors.recheck().catch(deps.failed);
    return await session.settled;
  } catch (error) {
    session.giveUp(error);
    throw error;
  } finally {
    void session.close().finally(leave);
  }
}

async function dialTarget(
  { assets, runtime, patience }: SessionDeps,
  actor: Actor,
  connection: Connection,
  opening: Promise<unknown>,
  signal: AbortSignal,
): Promise<SshTarget> {
  const check = assets.hostKeyCheck(runtime, actor, connection);
  const { host, port, username, settings } = connection;
  const target = await connectSsh({
    host,
    port,
    username,
    credential: opening.then(() => credentialOf(connection)),
    hostKey: {
      async verify(fingerprint, algorithm) {
        await check.verify({ algorithm, fingerprint });
        return true;
      },
    },
    legacy: settings.legacyAlgorithms === true,
    keepalive: patience.keepalive,
    signal,
  });
  await check.proved().catch((error) => {
    target.close();
    throw error;
  });
  return target;
}

const credentialOf = ({ secretKind, secret }: Connection) =>
  secretKind === "password"
    ? ({ kind: "password", password: secret } as const)
    : ({ kind: "key", privateKey: secret } as const);

const MARKER = 500;

/** A command that is too long for the session's row, in pieces that fit a marker: nobody hides the end of a long one. */
function piecesOf(command: string | null): string[] {
  const all = Array.from(command ?? "");
  if (all.length <= LONGEST_COMMAND) return [];
  return all.flatMap((_, at) => (at % MARKER === 0 ? [all.slice(at, at + MARKER).join("")] : []));
}

/** The parts of a running session and the order in which they end. */
class SessionLife {
  readonly settled: Promise<SessionEnd>;
  private readonly settle: (end: SessionEnd) => void;
  private readonly deps: SessionDeps;
  private readonly ask: SessionAsk;
  private readonly opened: OpenedSession;
  private readonly client: ClientEnd;
  private readonly stop: AbortController;
  private readonly audience: Audience;
  private readonly closed = Promise.withResolvers<void>();
  private recording: RecordingWriter | null = null;
  private target: SshTarget | null = null;
  private cause: EndCause | null = null;
  private exit: Exit = null;
  private running = false;

  constructor(deps: SessionDeps, ask: SessionAsk, opened: OpenedSession, client: ClientEnd, stop: AbortController) {
    this.deps = deps;
    this.ask = ask;
    this.opened = opened;
    this.client = client;
    this.stop = stop;
    this.audience = createAudience({ size: ask.pty ?? NO_SCREEN, screen: ask.pty !== null });
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.settled = promise;
    this.settle = resolve;
    void client.closed.then(() => this.leftWhileOpening());
  }

  asLive(request: RuledRequest): LiveSession {
    const { id, nextChange, gave } = this.opened;
    return {
      id,
      userId: request.userId,
      request,
      audience: this.audience,
      nextChange,
      gave,
      outlives: null,
      told: (outlives) => this.tellOutliving(outlives),
      end: (cause: EndCause) => this.end(cause),
    };
  }

  /** The person, the recording and the audit hear that the session goes on without a rule in force, and how long. */
  private tellOutliving(outlives: LiveSession["outlives"]): void {
    const { runtime, failed } = this.deps;
    const { id, assetName, accountName } = this.opened;
    const words = wordsOfOutliving(outlives, runtime.now());
    this.client.notice(words);
    if (!this.recording?.failure) this.recording?.marker(words);
    const title = `${accountName}@${assetName}`;
    noteOutliving(runtime, this.ask.actor, { id, title, words, until: outlives?.until ?? null }).catch(failed);
  }

  /** Ends it for that cause unless it is ending already. Resolves when row and recording are closed. */
  end(cause: EndCause): Promise<void> {
    if (!this.cause) {
      this.cause = cause;
      if (cause.detail) this.client.notice(cause.detail);
      this.stop.abort(new Fault("denied", cause.detail ?? "The session was ended."));
    }
    return this.closed.promise;
  }

  async start(dialing: Promise<SshTarget>, begun: (session: Begun) => void): Promise<void> {
    const { recorder, runtime } = this.deps;
    const { id, assetName, accountName, startedAt } = this.opened;
    const { cols, rows } = this.ask.pty ?? NO_SCREEN;
    this.recording = await recorder.start({
      id,
      orgId: this.ask.actor.orgId ?? "",
      title: `${accountName}@${assetName}`,
      startedAt,
      cols,
      rows,
      terminal: this.ask.pty !== null,
      onFailure: (fault) =>
        void this.end({ reason: "recording_failed", detail: fault.message }).catch(this.deps.failed),
    });
    const { pty, env, command } = this.ask;
    for (const piece of piecesOf(command)) this.recording.marker(piece);
    this.target = await dialing;
    const { target } = this;
    const remote = await this.unlessStopped(
      command === null ? target.openShell({ pty, env }) : target.openExec({ command, pty, env }),
    );
    this.running = true;
    markLive(runtime.db, id).catch(this.deps.failed);
    begun({ ...this.opened, audience: this.audience, end: (cause) => this.end(cause) });
    void this.relay(remote, this.recording);
  }

  private leftWhileOpening(): void {
    if (!this.running) void this.end({ reason: "closed", detail: null });
  }

  /** The work's result; its own Fault when the session is ended meanwhile or the target takes too long. */
  private async unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.stop;
    const { startMs = START_MS } = this.deps.patience;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Fault("timeout", `The target did not start within ${startMs / 1000} s.`)),
      startMs,
    );
    const stopped = (): void => late.reject(signal.reason);
    signal.addEventListener("abort", stopped, { once: true });
    if (signal.aborted) stopped();
    work.catch(() => {});
    return Promise.race([work, late.promise]).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stopped);
    });
  }

  private async relay(remote: TargetSession, recording: RecordingWriter): Promise<void> {
    const { audience, client } = this;
    const { meter } = this.deps;
    const resized = createCalm(RESIZE_MS, ({ cols, rows }: { cols: number; rows: number }) => {
      try {
        recording.resize(cols, rows);
        audience.resized(cols, rows);
      } catch (error) {
        // A recording that failed has ended the session already: see `onFailure`.
        if (!recording.failure) this.deps.failed(error);
      }
    });
    const tap = {
      output(stream: 0 | 1, bytes: Buffer) {
        recording.output(stream, bytes);
        meter(bytes.length);
        audience.shown(bytes);
      },
      input(bytes: Buffer) {
        recording.input(bytes);
        meter(bytes.length);
      },
      resize: (cols: number, rows: number) => resized.tell({ cols, rows }),
    };
    const end = await relay({ client, target: remote, tap, signal: this.stop.signal });
    resized.stop();
    this.exit = end.exit;
    if (!this.cause) {
      this.cause = causeOf(end, client);
      if (this.cause.detail) client.notice(this.cause.detail);
    }
    this.settle({ ...this.cause, exit: this.exit });
  }

  /** The session never got as far as a running target. */
  giveUp(error: unknown): void {
    const detail = error instanceof Fault ? error.message : "An internal error.";
    this.cause ??= { reason: error instanceof Fault ? "refused" : "failed", detail };
    this.stop.abort(error);
  }

  /** Closes target, recording and row. */
  async close(): Promise<void> {
    const cause = this.cause ?? { reason: "failed" as const, detail: null };
    const exitCode = this.exit && "code" in this.exit ? this.exit.code : null;
    try {
      this.target?.close();
      this.audience.ended({ ...cause, exitCode });
      const exit = this.exit && { code: exitCode, signal: "signal" in this.exit ? this.exit.signal : null };
      const summary = await this.recording?.end({ reason: cause.reason, exit });
      await endSession(this.deps.runtime, this.ask.actor, {
        id: this.opened.id,
        title: `${this.opened.accountName}@${this.opened.assetName}`,
        ...cause,
        exitCode,
        bytes: summary?.bytes ?? 0,
        recorded: summary !== undefined,
      });
    } catch (error) {
      this.deps.failed(error);
    } finally {
      this.closed.resolve();
    }
  }
}

function causeOf({ by, exit, reason }: RelayEnd, client: ClientEnd): EndCause {
  if (by === "tap")
    return { reason: "recording_failed", detail: reason instanceof Fault ? reason.message : "The recording failed." };
  if (by === "client") {
    return client.isLost()
      ? { reason: "client_lost", detail: "The client did not answer any more." }
      : { reason: "closed", detail: null };
  }
  return exit
    ? { reason: "exited", detail: null }
    : { reason: "target_lost", detail: "The target closed the connection." };
}
