import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { listSessions, type Session, terminateSession } from "../../../../src/sessions/schema.ts";
import { call } from "../../api.ts";
import { type Column, ListPage } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { SessionFacts } from "./session-facts.tsx";
import { sessionColumns, sessionFilters } from "./session-list.tsx";
import { Terminate } from "./terminate.tsx";

/** Sessions that go on now: watch, or end them. */
export function Page() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const mayWatch = useMay("session.watch");
  const mayEnd = useMay("session.terminate");
  const [ending, setEnding] = useState<Session | null>(null);
  const hrefOf = ({ id }: Session) => `/audit/sessions/${id}`;
  const columns: readonly Column<Session>[] = [
    ...sessionColumns(t, i18n.language)
      .filter(({ key }) => key !== "recording" && key !== "state")
      .map((column) => (column.key === "startedAt" ? { ...column, wide: true } : column)),
    {
      key: "act",
      title: "",
      width: mayWatch && mayEnd ? "170px" : "90px",
      narrow: mayWatch && mayEnd ? "150px" : "84px",
      always: true,
      align: "right",
      render: (session) => (
        <span className="accounts" onClick={(event) => event.stopPropagation()}>
          {mayWatch && (
            <Button size="small" onClick={() => void navigate(hrefOf(session))}>
              {t("audit.live.watch")}
            </Button>
          )}
          {mayEnd && (
            <Button size="small" danger type="text" onClick={() => setEnding(session)}>
              {t("audit.live.terminate")}
            </Button>
          )}
        </span>
      ),
    },
  ];
  return (
    <>
      <ListPage
        title={t("audit.live.title")}
        endpoint={listSessions}
        input={{ state: "live" }}
        columns={columns}
        filters={sessionFilters(t, { live: true })}
        nameOf={({ user, asset }) => t("audit.live.name", { user: user.name, asset: asset.name })}
        panel={(session) => <SessionFacts session={session} />}
        panelTitle={({ asset, account }) => <span className="mono">{`${account.name}@${asset.name}`}</span>}
        href={hrefOf}
        refetch={3000}
        {...(mayEnd && {
          bulk: [
            {
              key: "terminate",
              label: t("audit.live.terminate"),
              danger: true,
              confirm: (rows: readonly Session[]) => ({
                title: t("audit.live.terminateMany"),
                text: t("audit.live.terminateText"),
                live: rows.length,
              }),
              run: ({ id }: Session) => call(terminateSession, { id }),
            },
          ],
        })}
        empty={{ title: t("audit.live.emptyTitle"), text: t("audit.live.emptyText") }}
      />
      {ending && <Terminate session={ending} close={() => setEnding(null)} />}
    </>
  );
}
