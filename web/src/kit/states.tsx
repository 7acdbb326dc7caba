import { Button, Progress as Bar } from "antd";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { ApiFault } from "../api.ts";
import { useMe } from "../me.ts";
import { queries } from "../query.ts";
import { problemText } from "../texts/problems.ts";
import { clock } from "./time.ts";

/** Nothing here yet: what it is for, and the one action. */
export const Empty = ({ title, text, action }: { title: string; text?: string | undefined; action?: ReactNode }) => (
  <div className="blank">
    <h3>{title}</h3>
    {text && <p>{text}</p>}
    {action}
  </div>
);

/** Grey lines where the content will stand, from 150 ms on. */
export function Loading({ lines = 6 }: { lines?: number }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return <div className="skeleton" aria-busy="true" />;
  return (
    <div className="skeleton" role="status" aria-busy="true" aria-label={t("kit.loading")}>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="bone" style={{ width: `${92 - ((line * 37) % 55)}%` }} />
      ))}
    </div>
  );
}

/** What failed, the request to name when asking for help, and a way to try again. */
export function ErrorPanel({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const { t } = useTranslation();
  if (error instanceof ApiFault && error.code === "denied") return <Denied error={error} />;
  const message = messageOf(error);
  return (
    <div className="blank" role="alert">
      <h3>{title ?? t("kit.errorTitle")}</h3>
      <p>{message}</p>
      {error instanceof ApiFault && error.requestId && (
        <p className="mono muted selectable">{t("kit.requestId", { id: error.requestId })}</p>
      )}
      {retry && <Button onClick={retry}>{t("kit.retry")}</Button>}
    </div>
  );
}

/** Which rule refused, and whom to ask. */
function Denied({ error }: { error: ApiFault }) {
  const { t } = useTranslation();
  const me = useMe();
  const organization = me?.organization.name ?? "";
  const { permission } = error.details;
  return (
    <div className="blank" role="alert">
      <h3>{t("kit.deniedTitle")}</h3>
      <p>{error.message}</p>
      <p className="muted">
        {typeof permission === "string"
          ? t("kit.deniedWhom", { organization, permission })
          : t("kit.deniedPlain", { organization })}
      </p>
    </div>
  );
}

/** What is to be told of anything that was thrown. */
const messageOf = (error: unknown): string =>
  error instanceof Error ? problemText(error.message) : JSON.stringify(error);

/** From this status on it is the server that failed, and the request is worth naming. */
const SERVER_FAULT = 500;

/** A failure at the place where the action was started. */
export function Problem({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (!error) return null;
  const id = error instanceof ApiFault && error.status >= SERVER_FAULT ? error.requestId : null;
  return (
    <div className="note note-bad" role="alert">
      {messageOf(error)}
      {id && <span className="mono muted selectable"> {t("kit.requestId", { id })}</span>}
    </div>
  );
}

export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Some of many did not work: which, and why. */
export function Partial({ failures, of, dismiss }: { failures: readonly Failure[]; of: number; dismiss: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="note note-warn" role="alert">
      <div className="note-head">
        <strong>{t("kit.partial", { count: failures.length, of })}</strong>
        <Button size="small" type="text" onClick={dismiss}>
          {t("kit.partialDismiss")}
        </Button>
      </div>
      <ul>
        {failures.slice(0, 20).map(({ name, message }) => (
          <li key={name}>
            <span className="mono">{name}</span> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Long work: how far, how long still, and a way to stop it. */
export function Progress(props: {
  done: number;
  of: number;
  title: string;
  remainingMs?: number;
  cancel?: () => void;
  background?: boolean;
}) {
  const { t } = useTranslation();
  const { done, of, title, remainingMs, cancel, background } = props;
  return (
    <div className="note" role="status">
      <div className="note-head">
        <strong>{title}</strong>
        {cancel && (
          <Button size="small" type="text" onClick={cancel}>
            {t("kit.cancel")}
          </Button>
        )}
      </div>
      <Bar percent={of === 0 ? 0 : Math.round((done / of) * 100)} size="small" showInfo={false} aria-label={title} />
      <span className="muted">
        {t("kit.partialDone", { done, of })}
        {remainingMs !== undefined && <span> · {t("kit.remaining", { time: clock(remainingMs) })}</span>}
        {background && <span> · {t("kit.progressBackground")}</span>}
      </span>
    </div>
  );
}

/** Whether the last thing read or tried failed for want of a server. */
function useOffline(): boolean {
  return useSyncExternalStore(
    (listener) => queries.getQueryCache().subscribe(listener),
    () =>
      queries
        .getQueryCache()
        .getAll()
        .some((query) => query.isActive() && isOffline(query.state.error ?? query.state.fetchFailureReason)),
  );
}

const isOffline = (error: unknown): boolean => error instanceof ApiFault && error.code === "offline";

/** A line over the page while no server answers; it goes by itself. */
export function OfflineBanner({ always = false }: { always?: boolean }) {
  const { t } = useTranslation();
  const offline = useOffline() || always;
  useEffect(() => {
    if (!offline || always) return;
    const again = () => void queries.refetchQueries({ type: "active" });
    const timer = setInterval(again, 5000);
    window.addEventListener("online", again);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", again);
    };
  }, [offline, always]);
  if (!offline) return null;
  return (
    <div className="offline" role="status">
      {t("kit.offline")}
      <Button size="small" type="link" onClick={() => void queries.refetchQueries({ type: "active" })}>
        {t("kit.offlineAgain")}
      </Button>
    </div>
  );
}
