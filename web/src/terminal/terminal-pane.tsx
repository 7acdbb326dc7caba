import { Button } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { FindBar } from "./find-bar.tsx";
import type { LinkState } from "./link.ts";
import type { Screen } from "./screen.ts";
import { StatusLine } from "./status-line.tsx";
import { onScreenKey, reconnectTab, type Tab } from "./tabs.ts";

/** One terminal: its screen, what is to be said about it, the status line. */
export function TerminalPane({ tab, leave }: { tab: Tab; leave: () => void }) {
  const { screen, state, key } = tab;
  const [finding, setFinding] = useState(false);
  useEffect(
    () =>
      onScreenKey((pressed) => {
        if (pressed === "find") setFinding(true);
        if (pressed === "leave") leave();
      }),
    [leave],
  );
  const stopFinding = () => {
    setFinding(false);
    screen?.terminal.focus();
  };
  return (
    <div className="terminal-pane" role="tabpanel" aria-label={`${tab.account}@${tab.asset}`}>
      {finding && screen && <FindBar screen={screen} close={stopFinding} />}
      <div className="terminal-hold">
        {screen && <Mounted key={key} screen={screen} focus={state.kind === "live" || state.kind === "connecting"} />}
        <StateNote state={state} reconnect={() => reconnectTab(key)} />
      </div>
      <StatusLine tab={tab} find={() => setFinding(true)} />
    </div>
  );
}

/** Puts a screen on the page and keeps it as large as its place. */
function Mounted({ screen, focus }: { screen: Screen; focus: boolean }) {
  const hold = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = hold.current!;
    place.append(screen.element);
    screen.fit();
    let frame = 0;
    const watcher = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => screen.fit());
    });
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      cancelAnimationFrame(frame);
      screen.element.remove();
    };
  }, [screen]);
  useEffect(() => {
    if (focus) screen.terminal.focus();
  }, [screen, focus]);
  return <div ref={hold} className="screen-place" />;
}

/** Why nothing moves on the screen, and what to do about it. */
export function StateNote({ state, reconnect }: { state: LinkState; reconnect?: () => void }) {
  const { t } = useTranslation();
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), 150);
    return () => clearTimeout(timer);
  }, [state.kind]);
  if (state.kind === "live" || (state.kind === "connecting" && !slow)) return null;
  const words = noteOf(state);
  return (
    <div className={`screen-note ${state.kind}`} role="status">
      <strong>{t(`work.terminal.${words.title}`)}</strong>
      {words.text && <span>{words.text}</span>}
      {words.key && <span>{t(`work.terminal.${words.key}`)}</span>}
      {state.kind === "ended" && state.exitCode !== null && (
        <span className="mono">{t("work.terminal.exitCode", { code: state.exitCode })}</span>
      )}
      {reconnect && state.kind !== "connecting" && (
        <Button type="primary" size="small" onClick={reconnect} autoFocus>
          {t(
            state.kind === "lost"
              ? "work.terminal.now"
              : state.kind === "elsewhere"
                ? "work.terminal.takeBack"
                : "work.terminal.again",
          )}
        </Button>
      )}
    </div>
  );
}

interface Words {
  readonly title: "connecting" | "lost" | "elsewhere" | "failed" | "ended" | "closed";
  readonly text?: string | null;
  readonly key?: "lostText" | "elsewhereText" | "unavailable" | "closedText";
}

function noteOf(state: LinkState): Words {
  switch (state.kind) {
    case "lost":
      return { title: "lost", key: "lostText" };
    case "elsewhere":
      return { title: "elsewhere", key: "elsewhereText" };
    case "fault":
      if (state.code === "closed") return { title: "closed", key: "closedText" };
      return state.message ? { title: "failed", text: state.message } : { title: "failed", key: "unavailable" };
    case "ended":
      return { title: "ended", text: state.detail };
    case "connecting":
      return { title: "connecting", text: state.notice ?? null };
    default:
      return { title: "connecting" };
  }
}
