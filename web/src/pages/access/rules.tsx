import { Button } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { exportGrants, listGrants } from "../../../../src/assets/schema.ts";
import { type Filter, ListPage, useAsked } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useCreateKey } from "../create-key.ts";
import { useFileMenu } from "../files/file-menu.tsx";
import { saveFile } from "../files/save-file.ts";
import { PanelActions } from "../panel-actions.tsx";
import { assets, groups, nodes, people } from "../sources.ts";
import { useRuleActions, useRuleBulk } from "./rule-actions.tsx";
import { ruleColumns, RuleFacts } from "./rule-list.tsx";
import "../admin.css";

/** Every permission rule of the organization. */
export function Page() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const [mayMake, mayImport, mayExport] = [useMay("grant.create"), useMay("grant.import"), useMay("grant.export")];
  const bulk = useRuleBulk();
  const { actionsOf, ask, dialogs } = useRuleActions({ made: ({ id }) => void navigate(`/console/rules/${id}`) });
  const filters = useMemo<readonly Filter[]>(
    () => [
      { name: "group", param: "groupId", label: t("terms.group"), kind: "row", source: groups },
      { name: "user", param: "userId", label: t("terms.user"), kind: "row", source: people },
      { name: "node", param: "nodeId", label: t("terms.node"), kind: "row", source: nodes },
      { name: "asset", param: "assetId", label: t("terms.asset"), kind: "row", source: assets },
    ],
    [t],
  );
  const asked = useAsked(filters);
  const menu = useFileMenu({
    importAt: mayImport ? "/console/rules/import" : null,
    save: mayExport ? (format) => saveFile(exportGrants, { ...asked, format }) : null,
  });
  useCreateKey(mayMake, t("access.rules.create"), () => ask({ what: "new" }));
  const create = mayMake && (
    <Button type="primary" onClick={() => ask({ what: "new" })}>
      {t("access.rules.create")}
    </Button>
  );
  return (
    <>
      <ListPage
        title={t("access.rules.title")}
        endpoint={listGrants}
        columns={ruleColumns(t, i18n.language)}
        filters={filters}
        href={({ id }) => `/console/rules/${id}`}
        panel={(rule) => (
          <>
            <PanelActions actions={actionsOf(rule)} />
            <RuleFacts rule={rule} />
          </>
        )}
        actions={
          <>
            {menu.button}
            {create}
          </>
        }
        {...(bulk.length > 0 && { bulk })}
        empty={{ title: t("access.rules.emptyTitle"), text: t("access.rules.emptyText"), action: create }}
      />
      {menu.problem}
      {dialogs}
    </>
  );
}
