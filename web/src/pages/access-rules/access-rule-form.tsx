import { Checkbox, Select } from "antd";
import { useTranslation } from "react-i18next";
import {
  type AccessAction,
  type AccessRule,
  ASSET_ATTRIBUTES,
  createAccessRule,
  updateAccessRule,
  USER_ATTRIBUTES,
} from "../../../../src/assets/schema.ts";
import { type FieldGroup, FormDrawer } from "../../kit/index.ts";
import { assets, groups, nodes, people, roles } from "../sources.ts";
import { SelectorField, type Selecting } from "./selector-field.tsx";
import { FORMS } from "./settings-field.tsx";

/** A kind that has a form. */
export type FormKind = keyof typeof FORMS;

const ACTIONS: Readonly<Record<FormKind, readonly AccessAction[]>> = {
  connect: ["reject", "accept", "review", "warn", "notify"],
  "connect-method": ["reject", "accept"],
};

const USERS: Selecting = { attributes: USER_ATTRIBUTES, ids: people, sources: { groups, roles } };
const ASSETS: Selecting = { attributes: ASSET_ATTRIBUTES, ids: assets, sources: { nodes } };

type Values = Readonly<Record<string, unknown>>;
const fromRow = (row: Values): Record<string, unknown> => ({
  reviewerIds: (row.reviewers as AccessRule["reviewers"]).map(({ id }) => id),
});

/** Makes or changes an access rule. */
export function AccessRuleForm({ kind, rule, close }: { kind: FormKind; rule: AccessRule | null; close: () => void }) {
  const { t } = useTranslation();
  const shared = { groups: useFields(kind, rule), done: () => undefined, close };
  if (!rule) {
    return (
      <FormDrawer
        {...shared}
        title={t(`accessRules.create.${kind}`)}
        verb={t("accessRules.create.verb")}
        endpoint={createAccessRule}
        initial={{ action: "reject" }}
        fixed={{ kind }}
      />
    );
  }
  return (
    <FormDrawer
      {...shared}
      title={t("access.rules.editTitle")}
      endpoint={updateAccessRule}
      before={{ ...rule, ...fromRow({ ...rule }) }}
      fixed={{ id: rule.id, version: rule.version }}
      fromRow={fromRow}
    />
  );
}

function useFields(kind: FormKind, rule: AccessRule | null): readonly FieldGroup[] {
  const { t } = useTranslation();
  const Settings = FORMS[kind];
  const selector = (name: "users" | "assets", selecting: Selecting) => ({
    name,
    label: t(`terms.${name}`),
    required: true,
    render: ({
      id,
      value,
      change,
      leave,
    }: {
      id: string;
      value: unknown;
      change: (value: unknown) => void;
      leave: () => void;
    }) => (
      <SelectorField
        id={id}
        label={t(`terms.${name}`)}
        value={(value as AccessRule["users"]) ?? { type: "all" }}
        change={change}
        leave={leave}
        selecting={selecting}
      />
    ),
  });
  return [
    {
      title: t("access.form.rule"),
      text: t("accessRules.form.ruleText"),
      fields: [
        { name: "name", label: t("terms.name") },
        { name: "priority", label: t("accessRules.priority"), help: t("accessRules.form.priorityHelp") },
        {
          name: "action",
          label: t("accessRules.action"),
          choices: ACTIONS[kind],
          choiceLabel: (action) => t(`accessRules.actions.${action as AccessAction}`),
          kind: "choice",
        },
        {
          name: "reviewerIds",
          label: t("accessRules.reviewers"),
          source: people,
          named: rule?.reviewers ?? [],
          help: t("accessRules.form.reviewersHelp"),
        },
        { name: "notice", label: t("accessRules.notice"), help: t("accessRules.form.noticeHelp") },
        { name: "comment", label: t("terms.comment") },
        { name: "active", label: t("access.form.active") },
      ],
    },
    {
      title: t("accessRules.form.whom"),
      text: t("accessRules.form.whomText"),
      fields: [
        selector("users", USERS),
        selector("assets", ASSETS),
        {
          name: "accounts",
          label: t("terms.accounts"),
          required: true,
          render: ({ id, value, change, leave }) => (
            <AccountNames id={id} value={value as string[] | null} change={change} leave={leave} />
          ),
        },
      ],
    },
    {
      title: t("accessRules.form.when"),
      text: t(`accessRules.form.settingsText.${kind}`),
      fields: [
        {
          name: "settings",
          label: t(`accessRules.form.settings.${kind}`),
          required: true,
          render: ({ id, value, change, leave }) => (
            <Settings id={id} value={(value as Values | undefined) ?? {}} change={change} leave={leave} />
          ),
        },
      ],
    },
  ];
}

function AccountNames({
  id,
  value,
  change,
  leave,
}: {
  id: string;
  value: readonly string[] | null;
  change: (value: string[] | null) => void;
  leave: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="stack-tight" role="group" aria-label={t("terms.accounts")}>
      <Checkbox id={id} checked={value === null} onChange={(event) => change(event.target.checked ? null : [])}>
        {t("accessRules.form.allAccounts")}
      </Checkbox>
      {value !== null && (
        <Select
          id={`${id}-names`}
          mode="tags"
          open={false}
          suffixIcon={null}
          className="mono"
          aria-label={t("terms.accounts")}
          value={[...value]}
          tokenSeparators={[",", " "]}
          onChange={(next: string[]) => change(next)}
          onBlur={leave}
        />
      )}
    </div>
  );
}
