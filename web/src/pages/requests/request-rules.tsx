import { Button } from "antd";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { deleteRequestRule, listRequestRules, type RequestRule } from "../../../../src/assets/schema.ts";
import { type Column, ConfirmEnd, Facts, ListPage, Names, type PageAction, StateTag, Time } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { RequestRuleForm } from "./request-rule-form.tsx";
import { spanWords } from "./ticket-facts.tsx";
import "../admin.css";

function RuleState({ rule, t }: { rule: RequestRule; t: TFunction }) {
  const [reason] = rule.ineffective;
  if (reason)
    return <StateTag tone={reason === "inactive" ? "off" : "warn"}>{t(`requests.rules.why.${reason}`)}</StateTag>;
  if (rule.breakGlass) return <StateTag tone="warn">{t("requests.breakGlass")}</StateTag>;
  return <StateTag tone="good">{t("access.state.inForce")}</StateTag>;
}

const Askers = ({ rule, t, max = 2 }: { rule: RequestRule; t: TFunction; max?: number }) =>
  rule.forEverybody ? (
    t("requests.rules.everybody")
  ) : (
    <Names items={[...rule.askerGroups, ...rule.askerUsers]} max={max} />
  );
const Covered = ({ rule, t, max = 2 }: { rule: RequestRule; t: TFunction; max?: number }) =>
  rule.coversEverything ? t("requests.rules.everything") : <Names items={[...rule.nodes, ...rule.assets]} max={max} />;

const columnsOf = (t: TFunction): readonly Column<RequestRule>[] => [
  { key: "priority", title: t("requests.rules.priority"), width: "90px", render: ({ priority }) => priority },
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(160px, 1.4fr)",
    always: true,
    render: ({ name }) => <span className="strong">{name}</span>,
  },
  { key: "state", title: t("terms.state"), width: "150px", render: (rule) => <RuleState rule={rule} t={t} /> },
  {
    key: "askers",
    title: t("requests.rules.askers"),
    width: "minmax(120px, 1fr)",
    wide: true,
    render: (rule) => <Askers rule={rule} t={t} />,
  },
  {
    key: "covered",
    title: t("requests.rules.covered"),
    width: "minmax(120px, 1fr)",
    wide: true,
    render: (rule) => <Covered rule={rule} t={t} />,
  },
  {
    key: "reviewers",
    title: t("requests.reviewers"),
    width: "minmax(120px, 1fr)",
    wide: true,
    render: ({ reviewerGroups, reviewerUsers }) => <Names items={[...reviewerGroups, ...reviewerUsers]} />,
  },
  {
    key: "longest",
    title: t("requests.rules.longest"),
    width: "120px",
    hidden: true,
    render: ({ longestMinutes }) => spanWords(longestMinutes, t),
  },
];

/** Who may ask for access to what, and who decides. */
export function Page() {
  const { t } = useTranslation();
  const [mayMake, mayChange, mayDelete] = [
    useMay("request-rule.create"),
    useMay("request-rule.update"),
    useMay("request-rule.delete"),
  ];
  const remove = useAction(deleteRequestRule);
  const [form, setForm] = useState<{ readonly rule: RequestRule | null } | null>(null);
  const [deleting, setDeleting] = useState<RequestRule | null>(null);
  useCreateKey(mayMake, t("requests.rules.create"), () => setForm({ rule: null }));
  const create = mayMake && (
    <Button type="primary" onClick={() => setForm({ rule: null })}>
      {t("requests.rules.create")}
    </Button>
  );
  const actionsOf = (rule: RequestRule): readonly PageAction[] => [
    ...(mayChange ? [{ key: "edit", label: t("access.rules.edit"), run: () => setForm({ rule }) }] : []),
    ...(mayDelete
      ? [{ key: "delete", label: t("access.rules.delete"), danger: true, run: () => setDeleting(rule) }]
      : []),
  ];
  return (
    <>
      <ListPage
        title={t("requests.rules.title")}
        endpoint={listRequestRules}
        columns={columnsOf(t)}
        panel={(rule) => (
          <>
            <PanelActions actions={actionsOf(rule)} />
            <Facts
              items={[
                [t("terms.state"), <RuleState key="s" rule={rule} t={t} />],
                [t("requests.rules.priority"), rule.priority],
                [t("requests.rules.askers"), <Askers key="a" rule={rule} t={t} max={20} />],
                [t("requests.rules.covered"), <Covered key="c" rule={rule} t={t} max={20} />],
                [
                  t("requests.reviewers"),
                  <Names key="r" items={[...rule.reviewerGroups, ...rule.reviewerUsers]} max={20} />,
                ],
                [t("requests.rules.longest"), spanWords(rule.longestMinutes, t)],
                [t("terms.comment"), rule.comment],
                [t("terms.created"), <Time key="t" at={rule.createdAt} />],
              ]}
            />
          </>
        )}
        actions={create}
        empty={{ title: t("requests.rules.none"), text: t("requests.rules.noneText"), action: create }}
      />
      {form && <RequestRuleForm rule={form.rule} close={() => setForm(null)} />}
      {deleting && (
        <ConfirmEnd
          title={t("access.rules.deleteTitle", { name: deleting.name })}
          text={t("requests.rules.deleteText")}
          names={[deleting.name]}
          verb={t("access.rules.delete")}
          close={() => setDeleting(null)}
          run={() => remove.mutateAsync({ id: deleting.id })}
        />
      )}
    </>
  );
}
