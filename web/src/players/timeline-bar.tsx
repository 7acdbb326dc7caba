import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { clock } from "../kit/index.ts";

const HEIGHT = 24;

/** Where one is in a recording, how much went on when, and a handle to go elsewhere. */
export function Timeline(props: {
  at: number;
  durationMs: number;
  heat: readonly number[];
  seek: (ms: number) => void;
  busy: boolean;
}) {
  const { at, durationMs, heat, seek, busy } = props;
  const { t } = useTranslation();
  const bar = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<number | null>(null);
  const part = durationMs > 0 ? Math.min(1, at / durationMs) : 0;
  const shape = useMemo(() => outline(heat), [heat]);
  const msAt = (clientX: number): number => {
    const { left, width } = bar.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (clientX - left) / width)) * durationMs;
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    seek(msAt(event.clientX));
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    setHover(msAt(event.clientX));
    if (event.buttons === 1) seek(msAt(event.clientX));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 30_000 : 5000;
    if (event.key === "ArrowRight") seek(at + step);
    else if (event.key === "ArrowLeft") seek(at - step);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(durationMs);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={bar}
      className={busy ? "timeline busy" : "timeline"}
      role="slider"
      tabIndex={0}
      aria-label={t("audit.player.position")}
      aria-valuemin={0}
      aria-valuemax={Math.round(durationMs / 1000)}
      aria-valuenow={Math.round(at / 1000)}
      aria-valuetext={clock(at)}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setHover(null)}
      onKeyDown={onKeyDown}
    >
      <svg viewBox={`0 0 ${Math.max(1, heat.length)} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={shape} className="heat" />
        <clipPath id="played">
          <rect x="0" y="0" width={part * heat.length} height={HEIGHT} />
        </clipPath>
        <path d={shape} className="heat played" clipPath="url(#played)" />
      </svg>
      <span className="timeline-head" style={{ left: `${part * 100}%` }} />
      {hover !== null && (
        <span className="timeline-hint" style={{ left: `${(hover / Math.max(1, durationMs)) * 100}%` }}>
          {clock(hover)}
        </span>
      )}
    </div>
  );
}

/** Bars of activity; the square root keeps a burst from hiding everything else. */
function outline(heat: readonly number[]): string {
  const most = Math.max(1, ...heat);
  return heat
    .map((count, at) => {
      const height = (count === 0 ? 1 : Math.max(2, Math.sqrt(count / most) * HEIGHT)).toFixed(2);
      return `M${at + 0.1} ${HEIGHT}v-${height}h0.8v${height}z`;
    })
    .join("");
}
