import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Grant, listGrants } from "../../../../src/assets/schema.ts";
import { type Column, ListPage } from "../../kit/index.ts";
import { PanelActions } from "../panel-actions.tsx";
import { useRuleActions, useRuleBulk } from "./rule-actions.tsx";
import { ruleColumns, RuleFacts } from "./rule-list.tsx";
import "../admin.css";

const SOON_DAYS = 30;

/** Where there is little room, the end is shown and not the state. */
const endFirst = (column: Column<Grant>): Column<Grant> =>
  column.key === "until" ? { ...column, wide: false } : column.key === "state" ? { ...column, wide: true } : column;

/** The rules that end soon, the next one first. */
export function Page() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const bulk = useRuleBulk();
  const { actionsOf, dialogs } = useRuleActions({ made: ({ id }) => void navigate(`/console/rules/${id}`) });
  return (
    <>
      <ListPage
        title={t("access.expiring.title")}
        endpoint={listGrants}
        input={{ expiringDays: SOON_DAYS }}
        columns={ruleColumns(t, i18n.language).map(endFirst)}
        notice={<p className="status-line muted">{t("access.expiring.text")}</p>}
        href={({ id }) => `/console/rules/${id}`}
        panel={(rule) => (
          <>
            <PanelActions actions={actionsOf(rule)} />
            <RuleFacts rule={rule} />
          </>
        )}
        {...(bulk.length > 0 && { bulk })}
        empty={{ title: t("access.expiring.emptyTitle"), text: t("access.expiring.emptyText") }}
      />
      {dialogs}
    </>
  );
}
