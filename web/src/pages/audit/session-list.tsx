import type { TFunction } from "i18next";
import { listAssets, readAsset } from "../../../../src/assets/schema.ts";
import { listUsers, readUser } from "../../../../src/iam/schema.ts";
import type { Session } from "../../../../src/sessions/schema.ts";
import { clock, type Column, type Filter, source, StateTag, Time, type Tone } from "../../kit/index.ts";

const people = source({ list: listUsers, read: readUser, name: (user) => user.name, hint: (user) => user.loginName });
const assets = source({ list: listAssets, read: readAsset, name: (asset) => asset.name, hint: (asset) => asset.host });

/** The filters of a list of sessions; of one's own there is no person to choose. */
export const sessionFilters = (
  t: TFunction,
  { mine = false, live = false }: { mine?: boolean; live?: boolean } = {},
): readonly Filter[] => [
  ...(live
    ? []
    : [
        {
          name: "state",
          param: "state",
          label: t("terms.state"),
          kind: "choice" as const,
          choices: [
            { value: "live", label: t("terms.live") },
            { value: "ended", label: t("audit.sessions.ended") },
          ],
        },
      ]),
  ...(mine
    ? []
    : [
        { name: "user", param: "userId", label: t("terms.person"), kind: "row" as const, source: people },
        { name: "asset", param: "assetId", label: t("terms.asset"), kind: "row" as const, source: assets },
      ]),
  { name: "from", param: "from", label: t("audit.events.from"), kind: "moment" },
  { name: "to", param: "to", label: t("audit.events.to"), kind: "moment", end: true },
];

/** How long a session lasted, or has lasted until now. */
export const lasted = ({ startedAt, endedAt }: Session): number =>
  (endedAt ? new Date(endedAt).getTime() : Date.now()) - new Date(startedAt).getTime();

/** The state of a session in words. */
export function SessionState({ session, t }: { session: Session; t: TFunction }) {
  const { state, endReason } = session;
  if (state === "live") return <StateTag tone="good">{t("terms.live")}</StateTag>;
  if (state === "opening") return <StateTag tone="info">{t("terms.opening")}</StateTag>;
  return <StateTag tone="off">{reasonText(t, endReason)}</StateTag>;
}

const REASONS = [
  "closed",
  "exited",
  "terminated",
  "revoked",
  "client_lost",
  "target_lost",
  "recording_failed",
  "gateway_stopped",
  "gateway_lost",
  "expired",
  "refused",
  "failed",
] as const;

/** Why a session ended, in words. */
export function reasonText(t: TFunction, reason: string | null): string {
  const known = REASONS.find((each) => each === reason);
  return known ? t(`audit.reasons.${known}`) : (reason ?? t("audit.sessions.ended"));
}

const VIAS = ["console", "ssh", "cli", "job"] as const;

/** Through which door something was done, in words. */
export function viaText(t: TFunction, via: string): string {
  const known = VIAS.find((each) => each === via);
  return known ? t(`terms.vias.${known}`) : via;
}

/** Whether there is something to replay, in words. */
export function RecordingState({ session, t }: { session: Session; t: TFunction }) {
  const { state, complete } = session.recording;
  const tone: Tone = state === "failed" ? "bad" : state === "recording" ? "bad" : complete === false ? "warn" : "off";
  if (state === "none") return <span className="faint">{t("audit.recordings.none")}</span>;
  return (
    <StateTag tone={tone}>
      {t(state === "stored" && complete === false ? "audit.recordings.cut" : `audit.recordings.${state}`)}
    </StateTag>
  );
}

/** The columns of every list of sessions. */
export const sessionColumns = (t: TFunction, _language: string): readonly Column<Session>[] => [
  {
    key: "startedAt",
    title: t("terms.started"),
    width: "120px",
    narrow: "96px",
    always: true,
    render: ({ startedAt }) => <Time at={startedAt} />,
  },
  { key: "user", title: t("terms.person"), width: "minmax(110px, 1fr)", render: ({ user }) => user.name },
  {
    key: "asset",
    title: t("terms.asset"),
    width: "minmax(130px, 1.4fr)",
    render: ({ asset }) => <span className="mono strong">{asset.name}</span>,
  },
  {
    key: "account",
    title: t("terms.account"),
    width: "minmax(80px, 0.7fr)",
    wide: true,
    render: ({ account }) => <span className="mono">{account.name}</span>,
  },
  {
    key: "kind",
    title: t("audit.sessions.kind"),
    width: "minmax(90px, 1fr)",
    wide: true,
    render: ({ kind, command }) => (kind === "exec" ? <span className="mono muted">{command}</span> : t("terms.shell")),
  },
  {
    key: "state",
    title: t("terms.state"),
    width: "minmax(110px, 160px)",
    render: (session) => <SessionState session={session} t={t} />,
  },
  {
    key: "duration",
    title: t("terms.duration"),
    width: "90px",
    wide: true,
    align: "right",
    render: (session) => clock(lasted(session)),
  },
  {
    key: "recording",
    title: t("terms.recording"),
    width: "120px",
    wide: true,
    render: (session) => <RecordingState session={session} t={t} />,
  },
  {
    key: "address",
    title: t("terms.address"),
    width: "130px",
    hidden: true,
    render: ({ address }) => <span className="mono muted">{address}</span>,
  },
  { key: "via", title: t("terms.via"), width: "80px", hidden: true, render: ({ via }) => viaText(t, via) },
];
