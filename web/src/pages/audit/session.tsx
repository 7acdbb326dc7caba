import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { readSession, type Session } from "../../../../src/sessions/schema.ts";
import { DetailPage, Empty, ErrorPanel, Loading, type PageAction } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { readSeconds } from "../../players/timeline.ts";
import { useEndpoint } from "../../query.ts";
import { isPlayable, SessionFacts } from "./session-facts.tsx";
import { RecordingState, SessionState } from "./session-list.tsx";
import { Terminate } from "./terminate.tsx";

const Player = lazy(() => import("../../players/player.tsx").then((module) => ({ default: module.Player })));
const WatchView = lazy(() => import("../../players/watch-view.tsx").then((module) => ({ default: module.WatchView })));

/** One session: live as it happens, afterwards its recording. */
export function Page() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const read = useEndpoint(readSession, { id }, { refetch: 5000 });
  const [ending, setEnding] = useState(false);
  const mayEnd = useMay("session.terminate");
  const session = read.data;
  if (read.isError && !session) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!session || session.id !== id) return <Loading lines={10} />;
  const live = session.state !== "ended";
  const actions: PageAction[] =
    live && mayEnd
      ? [{ key: "terminate", label: t("audit.live.terminate"), danger: true, run: () => setEnding(true) }]
      : [];
  return (
    <>
      <DetailPage
        title={`${session.account.name}@${session.asset.name}`}
        parent={{
          label: live ? t("audit.live.title") : t("audit.sessions.title"),
          href: live ? "/audit/live" : "/audit/sessions",
        }}
        state={
          <>
            <SessionState session={session} t={t} />
            <RecordingState session={session} t={t} />
          </>
        }
        subtitle={session.user.name}
        actions={actions}
        activityOf={id}
        tabs={[
          {
            key: "screen",
            label: live ? t("audit.live.watch") : t("terms.recording"),
            children: <SessionScreen session={session} />,
          },
        ]}
        rail={<SessionFacts session={session} link={false} />}
      />
      {ending && <Terminate session={session} close={() => setEnding(false)} />}
    </>
  );
}

function SessionScreen({ session }: { session: Session }) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const mayWatch = useMay("session.watch");
  const mayReplay = useMay("recording.open");
  const [from] = useState(() => (readSeconds(params.get("t")) ?? 0) * 1000);
  const [wasLive] = useState(session.state !== "ended");
  const wait = (screen: ReactNode) => <Suspense fallback={<Loading lines={10} />}>{screen}</Suspense>;
  if (session.state === "live" || (wasLive && !isPlayable(session))) {
    return mayWatch ? (
      wait(<WatchView session={session} />)
    ) : (
      <Empty title={t("audit.live.mayNot")} text={t("audit.live.mayNotText")} />
    );
  }
  if (!isPlayable(session))
    return <Empty title={t("audit.recordings.nothing")} text={t(`audit.recordings.${session.recording.state}Text`)} />;
  return mayReplay ? (
    wait(<Player key={session.id} sessionId={session.id} from={from} plain={session.kind === "exec"} />)
  ) : (
    <Empty title={t("audit.recordings.mayNot")} text={t("audit.recordings.mayNotText")} />
  );
}
