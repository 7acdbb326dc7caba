import { useTranslation } from "react-i18next";
import { listMySessions } from "../../../../src/sessions/schema.ts";
import { ListPage } from "../../kit/index.ts";
import { SessionFacts } from "../audit/session-facts.tsx";
import { sessionColumns, sessionFilters } from "../audit/session-list.tsx";

/** One's own sessions, live and ended. */
export function Page() {
  const { t, i18n } = useTranslation();
  return (
    <ListPage
      title={t("work.mine.title")}
      endpoint={listMySessions}
      columns={sessionColumns(t, i18n.language).filter(({ key }) => key !== "user")}
      filters={sessionFilters(t, { mine: true })}
      nameOf={({ asset }) => asset.name}
      panel={(session) => <SessionFacts session={session} />}
      panelTitle={({ asset, account }) => <span className="mono">{`${account.name}@${asset.name}`}</span>}
      refetch={15_000}
      empty={{ title: t("work.mine.emptyTitle"), text: t("work.mine.emptyText") }}
    />
  );
}
