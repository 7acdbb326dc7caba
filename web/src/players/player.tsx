import { CaretRightFilled, DownloadOutlined, FullscreenOutlined, LinkOutlined, PauseOutlined } from "@ant-design/icons";
import { App, Button, Segmented, Switch, Tooltip } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  exportRecording,
  openRecording,
  type Playback as Opened,
  readRecording,
} from "../../../src/sessions/schema.ts";
import { call, download } from "../api.ts";
import { clock, ErrorPanel, Loading, useShortcuts } from "../kit/index.ts";
import { useMay } from "../me.ts";
import { createPlayback, type Playback, type View } from "./playback.ts";
import { createFixedScreen } from "./stage.ts";
import { Timeline } from "./timeline-bar.tsx";

const SPEEDS = [0.5, 1, 2, 4, 8] as const;
const PAGE_BYTES = 1_048_576;

interface PlayerProps {
  readonly sessionId: string;
  readonly from: number;
  /** Output without a terminal, whose lines end in LF alone. */
  readonly plain: boolean;
}

/** Opens a recording, which is written down, and plays it. `from` is where to begin, in milliseconds. */
export function Player({ sessionId, from, plain }: PlayerProps) {
  const [opened, setOpened] = useState<Opened | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let gone = false;
    setError(null);
    call(openRecording, { id: sessionId }).then(
      (playback) => !gone && setOpened(playback),
      (fault: unknown) => !gone && setError(fault),
    );
    return () => {
      gone = true;
    };
  }, [sessionId, again]);
  if (error) return <ErrorPanel error={error} retry={() => setAgain((now) => now + 1)} />;
  if (!opened) return <Loading lines={10} />;
  return <PlayerBody opened={opened} from={from} plain={plain} />;
}

function PlayerBody({ opened, from, plain }: { opened: Opened; from: number; plain: boolean }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const mayExport = useMay("recording.export");
  const hold = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLElement>(null);
  const playback = useRef<Playback | null>(null);
  const [view, setView] = useState<View | null>(null);
  const [exporting, setExporting] = useState(false);
  const { sessionId, cols, rows, durationMs, heat, complete } = opened;

  useEffect(() => {
    const place = hold.current!;
    const screen = createFixedScreen(t("audit.player.screen"), plain);
    place.append(screen.element);
    screen.fill();
    const made = createPlayback({
      read: (first) => call(readRecording, { id: sessionId, from: first, maxBytes: PAGE_BYTES }),
      stage: screen.stage,
      cols,
      rows,
      durationMs,
      changed: setView,
    });
    playback.current = made;
    void made.seek(from).then(() => from === 0 && made.play());
    const watcher = new ResizeObserver(() => screen.fill());
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      made.dispose();
      screen.dispose();
    };
  }, [sessionId, cols, rows, durationMs, from, plain, t]);

  const at = view?.at ?? 0;
  const toggle = () => (view?.playing ? playback.current?.pause() : playback.current?.play());
  const seek = (ms: number) => void playback.current?.seek(ms);
  const faster = (by: number) => {
    const next = SPEEDS[SPEEDS.indexOf((view?.speed ?? 1) as (typeof SPEEDS)[number]) + by];
    if (next) playback.current?.speed(next);
  };
  useShortcuts([
    { keys: "Space", label: t("audit.player.playPause"), run: toggle },
    { keys: "ArrowRight", label: t("audit.player.forward"), run: () => seek(at + 5000) },
    { keys: "ArrowLeft", label: t("audit.player.back"), run: () => seek(at - 5000) },
    { keys: ">", label: t("audit.player.faster"), run: () => faster(1) },
    { keys: "<", label: t("audit.player.slower"), run: () => faster(-1) },
    { keys: "i", label: t("audit.player.skipIdle"), run: () => playback.current?.skipIdle(!view?.skipIdle) },
    { keys: "0", label: t("audit.player.start"), run: () => seek(0) },
    { keys: "f", label: t("audit.player.fullScreen"), run: () => fullScreen() },
  ]);
  const fullScreen = () =>
    void (document.fullscreenElement ? document.exitFullscreen() : frame.current?.requestFullscreen());
  const copyLink = async () => {
    const link = new URL(location.href);
    link.searchParams.set("t", String(Math.floor(at / 1000)));
    await navigator.clipboard.writeText(link.href);
    void message.success(t("audit.player.linkCopied", { at: clock(at) }));
  };
  const save = async () => {
    setExporting(true);
    try {
      const { blob, name } = await download(exportRecording, { id: sessionId });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name === "download" ? `${sessionId}.cast` : name;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (fault) {
      void message.error(fault instanceof Error ? fault.message : String(fault));
    } finally {
      setExporting(false);
    }
  };
  return (
    <section className="player" ref={frame} aria-label={t("audit.player.title")}>
      {!complete && <div className="player-cut">{t("audit.player.cut")}</div>}
      <div className="terminal-hold">
        <div ref={hold} className="screen-place fixed" />
        {view?.error ? (
          <div className="screen-note">
            <strong>{t("audit.player.broken")}</strong>
            <span>{view.error instanceof Error ? view.error.message : ""}</span>
            <Button onClick={() => seek(at)}>{t("kit.retry")}</Button>
          </div>
        ) : null}
      </div>
      <div className="player-bar">
        <Tooltip title={view?.playing ? t("audit.player.pause") : t("audit.player.play")}>
          <Button
            type="text"
            icon={view?.playing ? <PauseOutlined /> : <CaretRightFilled />}
            aria-label={view?.playing ? t("audit.player.pause") : t("audit.player.play")}
            onClick={toggle}
          />
        </Tooltip>
        <span className="player-clock">
          {clock(at)} <span className="faint">/ {clock(durationMs)}</span>
        </span>
        <Timeline at={at} durationMs={durationMs} heat={heat} seek={seek} busy={view?.loading ?? false} />
        <Segmented
          size="small"
          aria-label={t("audit.player.speed")}
          value={view?.speed ?? 1}
          options={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          onChange={(value) => playback.current?.speed(value)}
        />
        <label className="player-idle">
          <Switch size="small" checked={view?.skipIdle ?? true} onChange={(on) => playback.current?.skipIdle(on)} />
          {t("audit.player.skipIdle")}
        </label>
        <Button size="small" type="text" icon={<LinkOutlined />} onClick={() => void copyLink()}>
          {t("audit.player.link")}
        </Button>
        {mayExport && (
          <Button size="small" type="text" icon={<DownloadOutlined />} loading={exporting} onClick={() => void save()}>
            {t("audit.player.export")}
          </Button>
        )}
        <Tooltip title={t("audit.player.fullScreen")}>
          <Button
            size="small"
            type="text"
            icon={<FullscreenOutlined />}
            aria-label={t("audit.player.fullScreen")}
            onClick={fullScreen}
          />
        </Tooltip>
      </div>
    </section>
  );
}
