import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  endAllMySignInSessions,
  endAllUserSignInSessions,
  endMySignInSession,
  endUserSignInSession,
  listMySignInSessions,
  listUserSignInSessions,
  type SignInSession,
  type User,
} from "../../../../src/iam/schema.ts";
import { ConfirmEnd, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction, useEndless } from "../../query.ts";
import { RowsSection } from "./rows.tsx";

function SessionRow({ session, end }: { session: SignInSession; end: (() => void) | null }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="grow">
        <strong>{session.agent || t("tokens.sessions.unknownClient")}</strong>{" "}
        {session.current && <StateTag tone="good">{t("tokens.sessions.this")}</StateTag>}
        <div className="muted">
          <span className="mono">{session.address}</span> · {t("tokens.sessions.signedIn")}{" "}
          <Time at={session.signedInAt} /> · {t("tokens.sessions.ends")} <Time at={session.expiresAt} />
          {session.proofs.length > 0 && ` · ${session.proofs.join(" + ")}`}
        </div>
      </div>
      <span className="muted">
        {t("tokens.sessions.lastUsed")} <Time at={session.usedAt} />
      </span>
      {end && (
        <Button size="small" danger type="text" onClick={end}>
          {t("tokens.sessions.end")}
        </Button>
      )}
    </>
  );
}

type Asking = SignInSession | "all" | null;

/** Where one is signed in to the console. */
export function MySessions() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const list = useEndless(listMySignInSessions, {});
  const [end, endAll] = [useAction(endMySignInSession), useAction(endAllMySignInSessions)];
  const [asking, setAsking] = useState<Asking>(null);
  return (
    <>
      <RowsSection
        title={t("tokens.sessions.title")}
        text={t("tokens.sessions.text")}
        actions={<Button onClick={() => setAsking("all")}>{t("tokens.sessions.endAll")}</Button>}
        list={list}
        empty={{ title: t("tokens.sessions.emptyTitle"), text: t("tokens.sessions.emptyText") }}
        idOf={({ id }) => id}
        row={(session) => <SessionRow session={session} end={session.current ? null : () => setAsking(session)} />}
      />
      {asking === "all" && (
        <ConfirmEnd
          title={t("tokens.sessions.endAllTitle")}
          text={t("tokens.sessions.endAllText")}
          names={[]}
          verb={t("tokens.sessions.endAll")}
          close={() => setAsking(null)}
          run={async () => {
            await endAll.mutateAsync({ keepThis: true });
            void message.success(t("tokens.sessions.done"));
          }}
        />
      )}
      {asking !== null && asking !== "all" && (
        <EndOne session={asking} close={() => setAsking(null)} run={() => end.mutateAsync({ id: asking.id })} />
      )}
    </>
  );
}

const EndOne = ({
  session,
  close,
  run,
}: {
  session: SignInSession;
  close: () => void;
  run: () => Promise<unknown>;
}) => {
  const { t } = useTranslation();
  return (
    <ConfirmEnd
      title={t("tokens.sessions.endTitle")}
      text={t("tokens.sessions.endText")}
      names={[session.agent || session.id]}
      verb={t("tokens.sessions.end")}
      close={close}
      run={run}
    />
  );
};

/** Where a user is signed in to the console, for administrators. */
export function UserSessions({ user }: { user: User }) {
  const { t } = useTranslation();
  const list = useEndless(listUserSignInSessions, { id: user.id });
  const [end, endAll] = [useAction(endUserSignInSession), useAction(endAllUserSignInSessions)];
  const [mayEnd, mayEndAll] = [useMay(endUserSignInSession.name), useMay(endAllUserSignInSessions.name)];
  const [asking, setAsking] = useState<Asking>(null);
  return (
    <>
      <RowsSection
        title={t("tokens.sessions.title")}
        actions={mayEndAll && <Button onClick={() => setAsking("all")}>{t("tokens.sessions.endAll")}</Button>}
        list={list}
        empty={{ title: t("tokens.sessions.emptyTitle"), text: t("tokens.sessions.emptyText") }}
        idOf={({ id }) => id}
        row={(session) => <SessionRow session={session} end={mayEnd ? () => setAsking(session) : null} />}
      />
      {asking === "all" && (
        <ConfirmEnd
          title={t("tokens.sessions.endAllOf", { name: user.name })}
          text={t("tokens.sessions.endAllOfText")}
          names={[user.name]}
          verb={t("tokens.sessions.endAll")}
          close={() => setAsking(null)}
          run={() => endAll.mutateAsync({ id: user.id })}
        />
      )}
      {asking !== null && asking !== "all" && (
        <EndOne
          session={asking}
          close={() => setAsking(null)}
          run={() => end.mutateAsync({ id: user.id, sessionId: asking.id })}
        />
      )}
    </>
  );
}
