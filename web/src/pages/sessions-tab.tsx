import { useTranslation } from "react-i18next";
import { listSessions } from "../../../src/sessions/schema.ts";
import { ListPage } from "../kit/index.ts";
import { SessionFacts } from "./audit/session-facts.tsx";
import { sessionColumns, sessionFilters } from "./audit/session-list.tsx";

/** The sessions of one user or on one asset, as a tab of its page. */
export function SessionsTab({ of }: { of: { readonly userId: string } | { readonly assetId: string } }) {
  const { t, i18n } = useTranslation();
  const [own, column] = "userId" in of ? ["userId", "user"] : ["assetId", "asset"];
  return (
    <ListPage
      inside="sessions"
      title={t("terms.sessions")}
      endpoint={listSessions}
      input={of}
      columns={sessionColumns(t, i18n.language).filter(({ key }) => key !== column)}
      filters={sessionFilters(t).filter(({ param }) => param !== own)}
      nameOf={({ asset }) => asset.name}
      panel={(session) => <SessionFacts session={session} />}
      panelTitle={({ asset, account }) => <span className="mono">{`${account.name}@${asset.name}`}</span>}
      href={({ id }) => `/audit/sessions/${id}`}
      empty={{ title: t("audit.sessions.emptyTitle"), text: t("audit.sessions.emptyText") }}
    />
  );
}
