import { CopyOutlined } from "@ant-design/icons";
import { Tooltip } from "antd";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { exactTime, relativeTime } from "./time.ts";

let now = Date.now();
const watchers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  watchers.add(listener);
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const watcher of watchers) watcher();
  }, 15_000);
  return () => {
    watchers.delete(listener);
    if (watchers.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** A moment in relative words, the exact one on hover, in the zone of the person. */
export function Time({ at }: { at: string | null | undefined }) {
  const { t, i18n } = useTranslation();
  const base = useSyncExternalStore(subscribe, () => now);
  if (!at) return <span className="muted">{t("kit.time.never")}</span>;
  return (
    <time dateTime={at} title={exactTime(at, i18n.language)}>
      {relativeTime(at, Math.max(base, Date.now() - 15_000), i18n.language) ?? t("kit.time.now")}
    </time>
  );
}

/** A name of a host, account or key: monospace, with a copy button when `copy` is set. */
export function Mono({ children, copy }: { children: string; copy?: boolean }) {
  return (
    <span className="mono">
      {children}
      {copy && <CopyButton text={children} />}
    </span>
  );
}

/** Whether something was copied a moment ago, and how to copy. */
export function useCopied(): [copied: boolean, copy: (text: string) => void] {
  const [done, setDone] = useState(false);
  const copy = (text: string) => {
    void navigator.clipboard.writeText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    });
  };
  return [done, copy];
}

/** Copies a text that is no secret. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const { t } = useTranslation();
  const [done, copy] = useCopied();
  const words = done ? t("kit.copied") : (label ?? t("kit.copy"));
  return (
    <Tooltip title={words}>
      <button type="button" className="icon-button" aria-label={words} onClick={() => copy(text)}>
        <CopyOutlined />
      </button>
    </Tooltip>
  );
}

/** What was said or done, line by line, to be read and copied; nothing where there is no line. */
export function Transcript({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  const text = lines.join("\n");
  return (
    <>
      <p className="muted">
        {title} <CopyButton text={text} />
      </p>
      <pre className="transcript selectable" tabIndex={0}>
        {text}
      </pre>
    </>
  );
}

export type Tone = "good" | "warn" | "bad" | "info" | "off";

/** A state in words beside a dot of its colour; the colour never says more than the word. */
export const StateTag = ({ tone, children }: { tone: Tone; children: ReactNode }) => (
  <span className={`state state-${tone}`}>
    <span className="state-dot" aria-hidden="true" />
    {children}
  </span>
);

/** Names and values, one per line: the body of side panels and rails. Empty values are left out. */
export function Facts({ items }: { items: readonly (readonly [name: ReactNode, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {items
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([name, value], place) => (
          <div key={typeof name === "string" ? name : place}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A few names with the rest counted; all of them on hover. */
export function Names({ items, max = 2 }: { items: readonly { id: string; name: string }[]; max?: number }) {
  if (items.length === 0) return <span className="muted">–</span>;
  const rest = items.length - max;
  return (
    <span
      title={items
        .slice(0, 40)
        .map(({ name }) => name)
        .join("\n")}
    >
      {items.slice(0, max).map(({ id, name }) => (
        <span key={id} className="name-chip">
          {name}
        </span>
      ))}
      {rest > 0 && <span className="muted">+{rest}</span>}
    </span>
  );
}
