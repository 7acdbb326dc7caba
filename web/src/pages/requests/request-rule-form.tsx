import { useTranslation } from "react-i18next";
import { createRequestRule, type RequestRule, updateRequestRule } from "../../../../src/assets/schema.ts";
import { type FieldGroup, FormDrawer } from "../../kit/index.ts";
import { assets, groups, nodes, people } from "../sources.ts";

type Values = Record<string, unknown>;
type Named = readonly { readonly id: string; readonly name: string }[];

const idsOf = (rows: unknown): string[] => (rows as Named).map(({ id }) => id);

const fromRow = (row: Readonly<Values>): Values => ({
  askerUserIds: idsOf(row.askerUsers),
  askerGroupIds: idsOf(row.askerGroups),
  assetIds: idsOf(row.assets),
  nodeIds: idsOf(row.nodes),
  reviewerUserIds: idsOf(row.reviewerUsers),
  reviewerGroupIds: idsOf(row.reviewerGroups),
});

function useFields(rule: RequestRule | null): readonly FieldGroup[] {
  const { t } = useTranslation();
  const named = (rows: Named | undefined) => ({ named: rows ?? [] });
  return [
    {
      title: t("access.form.rule"),
      text: t("access.form.ruleText"),
      fields: [
        { name: "name", label: t("terms.name") },
        { name: "comment", label: t("terms.comment") },
        { name: "priority", label: t("requests.rules.priority"), help: t("requests.rules.priorityHelp") },
        { name: "active", label: t("access.form.active") },
        { name: "breakGlass", label: t("requests.breakGlass"), help: t("requests.rules.breakGlassHelp") },
      ],
    },
    {
      title: t("requests.rules.askers"),
      text: t("requests.rules.askersText"),
      fields: [
        { name: "forEverybody", label: t("requests.rules.everybody"), when: ({ breakGlass }) => breakGlass !== true },
        {
          name: "askerGroupIds",
          label: t("terms.groups"),
          source: groups,
          ...named(rule?.askerGroups),
          when: ({ forEverybody, breakGlass }) => forEverybody !== true || breakGlass === true,
        },
        {
          name: "askerUserIds",
          label: t("terms.users"),
          source: people,
          ...named(rule?.askerUsers),
          when: ({ forEverybody, breakGlass }) => forEverybody !== true && breakGlass !== true,
        },
      ],
    },
    {
      title: t("requests.rules.covered"),
      text: t("requests.rules.coveredText"),
      fields: [
        { name: "coversEverything", label: t("requests.rules.everything") },
        {
          name: "nodeIds",
          label: t("terms.nodes"),
          source: nodes,
          ...named(rule?.nodes),
          when: ({ coversEverything }) => coversEverything !== true,
        },
        {
          name: "assetIds",
          label: t("terms.assets"),
          source: assets,
          ...named(rule?.assets),
          when: ({ coversEverything }) => coversEverything !== true,
        },
        { name: "longestMinutes", label: t("requests.rules.longest") },
      ],
    },
    {
      title: t("requests.reviewers"),
      text: t("requests.rules.reviewersText"),
      fields: [
        { name: "reviewerGroupIds", label: t("terms.groups"), source: groups, ...named(rule?.reviewerGroups) },
        { name: "reviewerUserIds", label: t("terms.users"), source: people, ...named(rule?.reviewerUsers) },
      ],
    },
  ];
}

/** Makes or changes a request rule. */
export function RequestRuleForm({ rule, close }: { rule: RequestRule | null; close: () => void }) {
  const { t } = useTranslation();
  const shared = { groups: useFields(rule), done: () => undefined, close };
  if (!rule)
    return (
      <FormDrawer
        {...shared}
        title={t("requests.rules.create")}
        verb={t("requests.rules.create")}
        endpoint={createRequestRule}
      />
    );
  return (
    <FormDrawer
      {...shared}
      title={t("access.rules.editTitle")}
      endpoint={updateRequestRule}
      before={{ ...rule, ...fromRow({ ...rule }) }}
      fixed={{ id: rule.id, version: rule.version }}
      fromRow={fromRow}
    />
  );
}
