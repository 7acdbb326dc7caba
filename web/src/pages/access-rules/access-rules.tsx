import { Button } from "antd";
import type { TFunction } from "i18next";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AccessRule, deleteAccessRule, listAccessRules, updateAccessRule } from "../../../../src/assets/schema.ts";
import {
  type Column,
  ConfirmEnd,
  Facts,
  type Filter,
  ListPage,
  Names,
  type PageAction,
  StateTag,
  Time,
  type Tone,
} from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";
import { ActionFailed } from "../action-failed.tsx";
import { useCreateKey } from "../create-key.ts";
import { PanelActions } from "../panel-actions.tsx";
import { useSetActive } from "../set-active.ts";
import { AccessRuleForm, type FormKind } from "./access-rule-form.tsx";
import { FORMS } from "./settings-field.tsx";
import "../admin.css";

const KINDS = ["connect-method", "connect", "command", "data-masking", "clipboard"] as const;
const TONES: Readonly<Record<AccessRule["action"], Tone>> = {
  reject: "bad",
  accept: "good",
  review: "warn",
  warn: "warn",
  notify: "info",
  mask: "info",
};

const kindWords = (kind: string, t: TFunction): string => t(`accessRules.kinds.${kind as (typeof KINDS)[number]}`);
const hasForm = (kind: string): kind is FormKind => Object.hasOwn(FORMS, kind);

/** Kinds that something asks already; the others are kept. */
const ENFORCED: readonly string[] = ["connect-method", "connect"];

function State({ rule, t }: { rule: AccessRule; t: TFunction }) {
  const [problem] = rule.problems;
  if (!rule.active) return <StateTag tone="off">{t("accessRules.states.off")}</StateTag>;
  if (problem) return <StateTag tone="warn">{t(`accessRules.problems.${problem}`)}</StateTag>;
  if (!ENFORCED.includes(rule.kind)) return <StateTag tone="warn">{t("accessRules.states.notEnforced")}</StateTag>;
  return <StateTag tone="good">{t("access.state.inForce")}</StateTag>;
}

/** Whom or what a selector means, in words. */
function selectorWords(selector: AccessRule["users"], t: TFunction): string {
  if (!selector) return t("accessRules.problems.unreadable");
  if (selector.type === "all") return t("accessRules.selector.all");
  if (selector.type === "ids") return t("accessRules.selector.some", { count: selector.ids.length });
  return selector.all
    .map(({ name, match, value }) =>
      t("accessRules.selector.condition", {
        name: t(`accessRules.attributes.${name as "name"}`),
        match: t(`accessRules.matches.${match}`),
        value: ["groups", "roles", "nodes", "source"].includes(name)
          ? `(${[value].flat().length})`
          : [value].flat().join(", "),
      }),
    )
    .join("; ");
}

const columnsOf = (t: TFunction): readonly Column<AccessRule>[] => [
  { key: "priority", title: t("accessRules.priority"), width: "80px", render: ({ priority }) => priority },
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(160px, 1.4fr)",
    always: true,
    render: ({ name }) => <span className="strong">{name}</span>,
  },
  { key: "kind", title: t("accessRules.kind"), width: "150px", render: ({ kind }) => kindWords(kind, t) },
  {
    key: "action",
    title: t("accessRules.action"),
    width: "120px",
    render: ({ action }) => <StateTag tone={TONES[action]}>{t(`accessRules.actions.${action}`)}</StateTag>,
  },
  { key: "state", title: t("terms.state"), width: "150px", render: (rule) => <State rule={rule} t={t} /> },
  {
    key: "users",
    title: t("terms.users"),
    width: "minmax(120px, 1fr)",
    wide: true,
    render: ({ users }) => selectorWords(users, t),
  },
  {
    key: "assets",
    title: t("terms.assets"),
    width: "minmax(120px, 1fr)",
    wide: true,
    render: ({ assets }) => selectorWords(assets, t),
  },
];

/** What happens to those whom permission rules let in. */
export function Page() {
  const { t } = useTranslation();
  const [mayMake, mayChange, mayDelete] = [
    useMay("access-rule.create"),
    useMay("access-rule.update"),
    useMay("access-rule.delete"),
  ];
  const remove = useAction(deleteAccessRule);
  const switching = useSetActive(updateAccessRule);
  const [form, setForm] = useState<{ readonly kind: FormKind; readonly rule: AccessRule | null } | null>(null);
  const [deleting, setDeleting] = useState<AccessRule | null>(null);
  const filters = useMemo<readonly Filter[]>(
    () => [
      {
        name: "kind",
        param: "kind",
        label: t("accessRules.kind"),
        kind: "choice",
        choices: KINDS.map((kind) => ({ value: kind, label: kindWords(kind, t) })),
      },
    ],
    [t],
  );
  useCreateKey(mayMake, t("accessRules.create.connect"), () => setForm({ kind: "connect", rule: null }));
  const create = mayMake && (
    <span className="row">
      {(["connect-method", "connect"] as const).map((kind) => (
        <Button
          key={kind}
          type={kind === "connect" ? "primary" : "default"}
          onClick={() => setForm({ kind, rule: null })}
        >
          {t(`accessRules.create.${kind}`)}
        </Button>
      ))}
    </span>
  );
  const actionsOf = (rule: AccessRule): readonly PageAction[] => [
    ...(mayChange && hasForm(rule.kind)
      ? [{ key: "edit", label: t("access.rules.edit"), run: () => setForm({ kind: rule.kind as FormKind, rule }) }]
      : []),
    ...(mayChange
      ? [
          {
            key: "active",
            label: t(rule.active ? "accessRules.switchOff" : "accessRules.switchOn"),
            run: () => switching.mutate({ id: rule.id, version: rule.version, active: !rule.active }),
          },
        ]
      : []),
    ...(mayDelete
      ? [{ key: "delete", label: t("access.rules.delete"), danger: true, run: () => setDeleting(rule) }]
      : []),
  ];
  return (
    <>
      <ListPage
        title={t("accessRules.title")}
        endpoint={listAccessRules}
        columns={columnsOf(t)}
        filters={filters}
        panel={(rule) => (
          <>
            <PanelActions actions={actionsOf(rule)} />
            <Facts
              items={[
                [t("terms.state"), <State key="s" rule={rule} t={t} />],
                [t("accessRules.kind"), kindWords(rule.kind, t)],
                [t("accessRules.priority"), rule.priority],
                [t("accessRules.action"), t(`accessRules.actions.${rule.action}`)],
                [t("terms.users"), selectorWords(rule.users, t)],
                [t("terms.assets"), selectorWords(rule.assets, t)],
                [t("terms.accounts"), rule.accounts?.join(", ") ?? t("accessRules.form.allAccounts")],
                [
                  t("accessRules.reviewers"),
                  rule.reviewers.length > 0 ? <Names key="r" items={rule.reviewers} max={20} /> : null,
                ],
                [t("accessRules.notice"), rule.notice],
                [t("terms.comment"), rule.comment],
                [t("terms.created"), <Time key="t" at={rule.createdAt} />],
              ]}
            />
          </>
        )}
        actions={create}
        empty={{ title: t("accessRules.none"), text: t("accessRules.noneText"), action: create }}
      />
      <ActionFailed error={switching.error} close={switching.reset} />
      {form && <AccessRuleForm kind={form.kind} rule={form.rule} close={() => setForm(null)} />}
      {deleting && (
        <ConfirmEnd
          title={t("access.rules.deleteTitle", { name: deleting.name })}
          text={t("accessRules.deleteText")}
          names={[deleting.name]}
          verb={t("access.rules.delete")}
          close={() => setDeleting(null)}
          run={() => remove.mutateAsync({ id: deleting.id })}
        />
      )}
    </>
  );
}
