import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { listGrants } from "../../../../src/assets/schema.ts";
import { ListPage } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { PanelActions } from "../panel-actions.tsx";
import { useRuleActions, useRuleBulk } from "./rule-actions.tsx";
import { ruleColumns, RuleFacts } from "./rule-list.tsx";

interface RulesTabProps {
  /** Which side of a rule names the thing. */
  readonly side: "userId" | "groupId" | "assetId";
  readonly id: string;
  readonly name: string;
  /** Groups of a person or nodes of an asset: their rules count, too. */
  readonly through?: readonly { readonly id: string; readonly name: string }[];
}

/** The permission rules that name one user, group or asset, as a tab of its page. */
export function RulesTab({ side, id, name, through = [] }: RulesTabProps) {
  const { t, i18n } = useTranslation();
  const mayMake = useMay("grant.create");
  const bulk = useRuleBulk();
  const { actionsOf, ask, dialogs } = useRuleActions();
  const create = mayMake && (
    <Button onClick={() => ask({ what: "new", initial: { [`${side}s`]: [id] }, named: [{ id, name }] })}>
      {t("access.rules.create")}
    </Button>
  );
  return (
    <>
      <ListPage
        inside="rules"
        title={t("access.rules.title")}
        endpoint={listGrants}
        input={{ [side]: id }}
        columns={ruleColumns(t, i18n.language)}
        notice={
          through.length > 0 && (
            <div className="status-line">
              <span className="muted">
                {side === "assetId" ? t("access.rules.throughNodes") : t("access.rules.throughGroups")}
              </span>
              {through.map((each) => (
                <Link
                  key={each.id}
                  to={
                    side === "assetId"
                      ? `/console/rules?q=${encodeURIComponent(`node:${each.id}`)}`
                      : `/console/groups/${each.id}?tab=rules`
                  }
                >
                  {each.name}
                </Link>
              ))}
            </div>
          )
        }
        href={(rule) => `/console/rules/${rule.id}`}
        panel={(rule) => (
          <>
            <PanelActions actions={actionsOf(rule)} />
            <RuleFacts rule={rule} />
          </>
        )}
        actions={create}
        {...(bulk.length > 0 && { bulk })}
        empty={{
          title: t("access.rules.noneTitle", { name }),
          text: t("access.rules.noneText", { name }),
          action: create,
        }}
      />
      {dialogs}
    </>
  );
}
