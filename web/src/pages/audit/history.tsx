import { useTranslation } from "react-i18next";
import { listSessions } from "../../../../src/sessions/schema.ts";
import { ListPage } from "../../kit/index.ts";
import { SessionFacts } from "./session-facts.tsx";
import { sessionColumns, sessionFilters } from "./session-list.tsx";

/** Every session of the organization, newest first. */
export function Page() {
  const { t, i18n } = useTranslation();
  return (
    <ListPage
      title={t("audit.sessions.title")}
      endpoint={listSessions}
      columns={sessionColumns(t, i18n.language)}
      filters={sessionFilters(t)}
      nameOf={({ asset }) => asset.name}
      panel={(session) => <SessionFacts session={session} />}
      panelTitle={({ asset, account }) => <span className="mono">{`${account.name}@${asset.name}`}</span>}
      href={({ id }) => `/audit/sessions/${id}`}
      refetch={15_000}
      empty={{ title: t("audit.sessions.emptyTitle"), text: t("audit.sessions.emptyText") }}
    />
  );
}
