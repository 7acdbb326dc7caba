import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { readGrant } from "../../../../src/assets/schema.ts";
import { DetailPage, ErrorPanel, Loading } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";
import { useRuleActions } from "./rule-actions.tsx";
import { RuleFacts, RuleState } from "./rule-list.tsx";
import "../admin.css";

/** One permission rule. */
export function Page() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id = "" } = useParams();
  const read = useEndpoint(readGrant, { id });
  const { actionsOf, dialogs } = useRuleActions({
    gone: () => void navigate("/console/rules", { replace: true }),
    made: (made) => void navigate(`/console/rules/${made.id}`),
  });
  const rule = read.data;
  if (read.isError && rule?.id !== id) return <ErrorPanel error={read.error} retry={() => void read.refetch()} />;
  if (!rule || rule.id !== id) return <Loading lines={10} />;
  return (
    <>
      <DetailPage
        title={rule.name}
        parent={{ label: t("access.rules.title"), href: "/console/rules" }}
        state={<RuleState rule={rule} t={t} />}
        subtitle={rule.comment}
        actions={actionsOf(rule)}
        activityOf={rule.id}
        tabs={[
          {
            key: "rule",
            label: t("access.rules.rule"),
            children: (
              <div className="tab-body readable">
                <RuleFacts rule={rule} />
              </div>
            ),
          },
        ]}
      />
      {dialogs}
    </>
  );
}
