import { TerminalNotice, type TerminalRequest } from "../../../src/sessions/schema.ts";

type Opened = Extract<TerminalNotice, { type: "opened" }>;

/** How a terminal and its session stand. */
export type LinkState =
  /** `notice`: what the gate says meanwhile, as that a reviewer was asked. */
  | { readonly kind: "connecting"; readonly notice?: string }
  | {
      readonly kind: "live";
      readonly opened: Opened | null;
      readonly watchers: readonly string[];
      /** What the gate says beside the stream. */
      readonly notice?: string;
    }
  /** The connection broke; it is taken up again at `nextAt`. */
  | { readonly kind: "lost"; readonly tries: number; readonly nextAt: number }
  /** Another browser tab took the session. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "fault"; readonly code: string; readonly message: string }
  | {
      readonly kind: "ended";
      readonly reason: string;
      readonly detail: string | null;
      readonly exitCode: number | null;
    };

/** What the link needs of a WebSocket; binary frames arrive as ArrayBuffer. */
export interface Wire {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export interface LinkDeps {
  /** Starts a session; null where the session exists already and is only looked at. */
  readonly open: (size: { cols: number; rows: number }) => Wire;
  /** Takes up the session again. */
  readonly resume: (sessionId: string, size: { cols: number; rows: number }) => Wire;
  readonly size: () => { cols: number; rows: number };
  readonly bytes: (bytes: Uint8Array) => void;
  /** The screen is drawn anew by what follows. */
  readonly redraw: () => void;
  readonly resized: (cols: number, rows: number) => void;
  readonly changed: (state: LinkState) => void;
  /** The session's id became known, or is over (null). */
  readonly session: (id: string | null) => void;
}

export interface Link {
  readonly state: LinkState;
  /** Opens, or takes up again when a session id is given. */
  start(sessionId: string | null): void;
  input(bytes: Uint8Array<ArrayBuffer>): void;
  resize(cols: number, rows: number): void;
  /** Takes up a lost session at once. */
  retry(): void;
  /** Ends the session. */
  close(): void;
  /** Lets go of the socket; the session stays. */
  drop(): void;
}

const OPEN = 1;
const TAKEN_ELSEWHERE = 4000;
/** The server keeps a session without a browser for a minute. */
const GIVE_UP_MS = 75_000;
const PING_MS = 15_000;
const PONG_MS = 10_000;

/** When to try again after so many failures: 0.3 s, doubling up to 5 s. */
export const backoff = (tries: number): number => Math.min(5000, 300 * 2 ** tries);

/** Keeps one terminal connected: opens it, takes it up again after a lost connection, tells how it stands. */
export function createLink(deps: LinkDeps): Link {
  let state: LinkState = { kind: "connecting" };
  let wire: Wire | null = null;
  let sessionId: string | null = null;
  let tries = 0;
  let lostAt = 0;
  let again: ReturnType<typeof setTimeout> | undefined;
  let ping: ReturnType<typeof setInterval> | undefined;
  let pong: ReturnType<typeof setTimeout> | undefined;

  const become = (next: LinkState): void => {
    state = next;
    deps.changed(next);
  };
  const request = (message: TerminalRequest): void => {
    if (wire?.readyState === OPEN) wire.send(JSON.stringify(message));
  };

  function detach(): void {
    clearTimeout(again);
    clearInterval(ping);
    clearTimeout(pong);
    if (!wire) return;
    wire.onopen = wire.onmessage = wire.onclose = null;
    wire.close();
    wire = null;
  }

  function connect(): void {
    detach();
    const taken = sessionId;
    const fresh = taken ? deps.resume(taken, deps.size()) : deps.open(deps.size());
    wire = fresh;
    fresh.onmessage = ({ data }) => {
      if (typeof data === "string") notice(data, taken !== null);
      else deps.bytes(new Uint8Array(data as ArrayBuffer));
    };
    fresh.onclose = ({ code }) => lost(code);
    ping = setInterval(() => {
      request({ type: "ping" });
      clearTimeout(pong);
      pong = setTimeout(() => lost(0), PONG_MS);
    }, PING_MS);
  }

  function notice(text: string, taken: boolean): void {
    const read = TerminalNotice.safeParse(JSON.parse(text));
    if (!read.success) return;
    const said = read.data;
    clearTimeout(pong);
    if (said.type === "opened") {
      sessionId = said.sessionId;
      deps.session(sessionId);
      tries = 0;
      if (taken) deps.redraw();
      const told = state.kind === "connecting" && state.notice !== undefined ? { notice: state.notice } : {};
      become({ kind: "live", opened: said, watchers: [], ...told });
    } else if (said.type === "size") deps.resized(said.cols, said.rows);
    else if (said.type === "watchers" && state.kind === "live") become({ ...state, watchers: said.names });
    else if (said.type === "notice" && (state.kind === "live" || state.kind === "connecting"))
      become({ ...state, notice: said.text });
    else if (said.type === "fault") over({ kind: "fault", code: said.code, message: said.message });
    else if (said.type === "ended")
      over({ kind: "ended", reason: said.reason, detail: said.detail, exitCode: said.exitCode });
  }

  function over(last: LinkState): void {
    detach();
    sessionId = null;
    deps.session(null);
    become(last);
  }

  function lost(code: number): void {
    detach();
    if (code === TAKEN_ELSEWHERE) return become({ kind: "elsewhere" });
    if (!sessionId) return over({ kind: "fault", code: "unavailable", message: "" });
    const now = Date.now();
    if (state.kind !== "lost") lostAt = now;
    if (now - lostAt > GIVE_UP_MS) return over({ kind: "fault", code: "unavailable", message: "" });
    const wait = backoff(tries);
    tries += 1;
    become({ kind: "lost", tries, nextAt: now + wait });
    again = setTimeout(connect, wait);
  }

  return {
    get state() {
      return state;
    },
    start(id) {
      sessionId = id;
      tries = 0;
      become({ kind: "connecting" });
      connect();
    },
    input(bytes) {
      if (state.kind === "live" && wire?.readyState === OPEN) wire.send(bytes);
    },
    resize: (cols, rows) => request({ type: "resize", cols, rows }),
    retry() {
      if (state.kind !== "lost" && state.kind !== "elsewhere") return;
      if (state.kind === "elsewhere") become({ kind: "connecting" });
      connect();
    },
    close() {
      request({ type: "close" });
      setTimeout(detach, 500);
    },
    drop: detach,
  };
}
