import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Session, TerminalNotice, watchSession } from "../../../src/sessions/schema.ts";
import { socket } from "../api.ts";
import { clock, StateTag } from "../kit/index.ts";
import { backoff, type LinkState } from "../terminal/link.ts";
import { StateNote } from "../terminal/terminal-pane.tsx";
import { createFixedScreen } from "./stage.ts";

const TRIES = 8;

/** A live session as it happens; nobody can type here, and the person sees that one watches. */
export function WatchView({ session }: { session: Session }) {
  const { t } = useTranslation();
  const hold = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<LinkState>({ kind: "connecting" });
  const [attempt, setAttempt] = useState(0);
  const { id } = session;
  const plain = session.kind === "exec";

  useEffect(() => {
    const place = hold.current!;
    const screen = createFixedScreen(t("audit.player.screen"), plain);
    place.append(screen.element);
    screen.fill();
    const stop = watch(id, {
      bytes: (bytes) => void screen.stage.write(bytes),
      redraw: () => screen.terminal.reset(),
      resized: (cols, rows) => screen.stage.resize(cols, rows),
      changed: setState,
    });
    const watcher = new ResizeObserver(() => screen.fill());
    watcher.observe(place);
    return () => {
      stop();
      watcher.disconnect();
      screen.dispose();
    };
  }, [id, attempt, plain, t]);

  return (
    <section className="player" aria-label={t("audit.live.watching")}>
      <div className="terminal-hold">
        <div ref={hold} className="screen-place fixed" />
        <StateNote state={state} {...(state.kind !== "ended" && { reconnect: () => setAttempt((now) => now + 1) })} />
      </div>
      <footer className="terminal-status">
        <span className="mono">
          {session.account.name}@{session.asset.name}
        </span>
        <span>{session.user.name}</span>
        {state.kind === "live" && <StateTag tone="bad">{t("terms.live")}</StateTag>}
        <Running since={session.startedAt} on={state.kind === "live"} />
        <span className="grow" />
        <span>{t("audit.live.readOnly")}</span>
      </footer>
    </section>
  );
}

function Running({ since, on }: { since: string; on: boolean }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [on]);
  return <span>{clock(now - new Date(since).getTime())}</span>;
}

interface Watcher {
  readonly bytes: (bytes: Uint8Array) => void;
  readonly redraw: () => void;
  readonly resized: (cols: number, rows: number) => void;
  readonly changed: (state: LinkState) => void;
}

/** Watches until the session ends; a lost connection is taken up again a few times. Returns how to stop. */
function watch(id: string, to: Watcher): () => void {
  let wire: WebSocket | null = null;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    clearTimeout(timer);
    if (!wire) return;
    wire.onmessage = wire.onclose = null;
    wire.close();
    wire = null;
  };
  const over = (state: LinkState) => {
    stop();
    to.changed(state);
  };
  const begin = () => {
    wire = socket(watchSession, { id });
    let fresh = true;
    const alive = () => {
      if (!fresh) return;
      fresh = false;
      tries = 0;
      to.redraw();
      to.changed({ kind: "live", opened: null, watchers: [] });
    };
    wire.onmessage = ({ data }) => {
      if (typeof data !== "string") {
        alive();
        return to.bytes(new Uint8Array(data as ArrayBuffer));
      }
      const read = TerminalNotice.safeParse(JSON.parse(data));
      if (!read.success) return;
      const said = read.data;
      if (said.type === "fault") return over({ kind: "fault", code: said.code, message: said.message });
      if (said.type === "ended")
        return over({ kind: "ended", reason: said.reason, detail: said.detail, exitCode: said.exitCode });
      alive();
      if (said.type === "size") to.resized(said.cols, said.rows);
    };
    wire.onclose = () => {
      wire = null;
      tries += 1;
      if (tries > TRIES) return over({ kind: "fault", code: "unavailable", message: "" });
      const wait = backoff(tries);
      to.changed({ kind: "lost", tries, nextAt: Date.now() + wait });
      timer = setTimeout(begin, wait);
    };
  };
  begin();
  return stop;
}
