import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Session } from "../../../../src/sessions/schema.ts";
import { bytes, clock, CopyButton, exactTime, Facts, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { lasted, reasonText, RecordingState, SessionState, viaText } from "./session-list.tsx";

/** Whether there is something to play back. */
export const isPlayable = ({ recording }: Session): boolean => recording.state === "stored";

/** Everything known of a session, with the way to its replay. */
export function SessionFacts({ session, link = true }: { session: Session; link?: boolean }) {
  const { t, i18n } = useTranslation();
  const mayReplay = useMay("recording.open") && useMay("session.read");
  const {
    user,
    asset,
    account,
    protocol,
    via,
    command,
    address,
    startedAt,
    endedAt,
    endReason,
    endDetail,
    exitCode,
    recording,
  } = session;
  return (
    <div className="stack">
      {link && mayReplay && isPlayable(session) && (
        <Link to={`/audit/sessions/${session.id}`}>{t("audit.sessions.replay")}</Link>
      )}
      <Facts
        items={[
          [t("terms.state"), <SessionState key="s" session={session} t={t} />],
          [t("terms.person"), user.name],
          [
            t("terms.asset"),
            <span key="a" className="mono">
              {asset.name}
            </span>,
          ],
          [
            t("terms.account"),
            <span key="c" className="mono">
              {account.name}
            </span>,
          ],
          [t("terms.protocol"), protocol],
          [t("terms.via"), viaText(t, via)],
          [t("terms.address"), address && <span className="mono">{address}</span>],
          [t("terms.command"), command && <span className="mono">{command}</span>],
          [
            t("terms.started"),
            <span key="b" title={exactTime(startedAt, i18n.language)}>
              <Time at={startedAt} />
            </span>,
          ],
          [t("terms.ended"), endedAt && <Time at={endedAt} />],
          [t("terms.duration"), clock(lasted(session))],
          [t("audit.sessions.why"), endReason && reasonText(t, endReason)],
          [t("audit.sessions.detail"), endDetail],
          [t("audit.sessions.exitCode"), exitCode],
          [t("terms.recording"), <RecordingState key="r" session={session} t={t} />],
          [t("audit.recordings.size"), recording.bytes !== null && bytes(recording.bytes, i18n.language)],
          [
            "ID",
            <span key="i" className="mono selectable">
              {session.id}
              <CopyButton text={session.id} />
            </span>,
          ],
        ]}
      />
    </div>
  );
}
