import { Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { clock, StateTag } from "../kit/index.ts";
import { Keys } from "../kit/shortcuts.tsx";
import type { Tab } from "./tabs.ts";

const SOON_MS = 5 * 60_000;

/** Asset, account, how long, recorded, who watches, time left. */
export function StatusLine({ tab, find }: { tab: Tab; find: () => void }) {
  const { t } = useTranslation();
  const { state } = tab;
  const now = useSeconds(state.kind === "live");
  const opened = state.kind === "live" ? state.opened : null;
  const watchers = state.kind === "live" ? state.watchers : [];
  const left = opened?.until ? new Date(opened.until).getTime() - now : null;
  return (
    <footer className="terminal-status">
      <span className="mono">
        {tab.account}@{tab.asset}
      </span>
      {opened && <span>{clock(now - new Date(opened.startedAt).getTime())}</span>}
      {opened?.recorded && <StateTag tone="bad">{t("work.terminal.recorded")}</StateTag>}
      {watchers.length > 0 && (
        <StateTag tone="warn">{t("work.terminal.watchedBy", { names: watchers.join(", ") })}</StateTag>
      )}
      {(state.kind === "live" || state.kind === "connecting") && state.notice && (
        <span role="alert">
          <StateTag tone="warn">{state.notice}</StateTag>
        </span>
      )}
      {left !== null && left > 0 && (
        <span className={left < SOON_MS ? "soon" : ""}>{t("work.terminal.left", { time: clock(left) })}</span>
      )}
      <span className="grow" />
      <span className="leave-hint">
        <Keys keys="Ctrl+shift+." /> {t("work.terminal.leave")}
      </span>
      <Button size="small" type="text" onClick={find}>
        {t("work.terminal.find")}
      </Button>
    </footer>
  );
}

function useSeconds(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
