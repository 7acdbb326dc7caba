import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { createGrant, type Grant, type GrantAction, updateGrant } from "../../../../src/assets/schema.ts";
import { type Field, type FieldGroup, FormDrawer, nameOfId } from "../../kit/index.ts";
import { assets, groups, nodes, people } from "../sources.ts";
import { AccountsField, ActionsField, AtEndField, ProtocolsField } from "./rule-fields.tsx";
import { RuleReach } from "./rule-reach.tsx";
import { accountWords, actionWords, protocolWords, ruleSummary, shapeOfForm } from "./rule-summary.ts";

type Values = Record<string, unknown>;
type Named = readonly { readonly id: string; readonly name: string }[];

/** The server names at most so many of a kind: a longer list cannot be changed without losing the rest. */
const NAMED = 1000;

const idsOf = (rows: unknown): string[] => (rows as Named).map(({ id }) => id);

/** A rule as the server holds it, as values of the form. */
const fromRow = (row: Readonly<Values>): Values => ({
  userIds: idsOf(row.users),
  groupIds: idsOf(row.groups),
  assetIds: idsOf(row.assets),
  nodeIds: idsOf(row.nodes),
});

/** What the form of a rule begins with. */
export type RuleStart =
  | { readonly what: "new"; readonly initial?: Readonly<Values>; readonly named?: Named }
  | { readonly what: "edit" | "copy"; readonly rule: Grant };

/** Makes, copies or changes a rule; says in a sentence what it will grant. */
export function RuleForm({
  start,
  close,
  done,
}: {
  start: RuleStart;
  close: () => void;
  done?: (rule: Grant) => void;
}) {
  const { t } = useTranslation();
  const rule = start.what === "new" ? null : start.rule;
  const ruleGroups = useRuleGroups(rule, start.what === "new" ? (start.named ?? []) : []);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- a form keeps what it began with
  const initial = useMemo(() => initialOf(start, (name) => t("access.rules.copyOf", { name })), []);
  const shared = {
    groups: ruleGroups,
    consequence: (values: Readonly<Values>) => <Consequence values={values} />,
    done: (saved: Grant) => done?.(saved),
    close,
  };
  if (start.what === "edit") {
    const { id, version } = start.rule;
    return (
      <FormDrawer
        {...shared}
        title={t("access.rules.editTitle")}
        endpoint={updateGrant}
        before={{ ...start.rule, ...fromRow(start.rule) }}
        fixed={{ id, version }}
        fromRow={fromRow}
      />
    );
  }
  const title = start.what === "copy" ? t("access.rules.copyTitle") : t("access.rules.create");
  return (
    <FormDrawer {...shared} title={title} verb={t("access.rules.create")} endpoint={createGrant} initial={initial} />
  );
}

function initialOf(start: RuleStart, copyOf: (name: string) => string): Values {
  const fresh = { protocols: { all: true, kinds: [] }, startsAt: null };
  if (start.what === "new") return { ...fresh, ...start.initial };
  if (start.what === "edit") return {};
  const { name, comment, accounts, protocols, actions, forwardTo, startsAt, expiresAt, atEnd } = start.rule;
  const later = new Date(startsAt).getTime() > Date.now();
  return {
    ...fromRow(start.rule),
    comment,
    accounts,
    protocols,
    actions,
    forwardTo,
    expiresAt,
    atEnd,
    startsAt: later ? startsAt : null,
    name: copyOf(name),
  };
}

function Consequence({ values }: { values: Readonly<Values> }) {
  const { t, i18n } = useTranslation();
  return (
    <span className="consequence" aria-live="polite">
      <RuleReach values={values} />
      {ruleSummary(shapeOfForm(values, nameOfId), { t, language: i18n.language }).map((sentence) => (
        <span key={sentence}>{sentence}</span>
      ))}
    </span>
  );
}

function useRuleGroups(rule: Grant | null, extra: Named): readonly FieldGroup[] {
  const { t, i18n } = useTranslation();
  const words = { t, language: i18n.language };
  const side = (name: string, label: string, source: Field["source"], rows: Named): Field => ({
    name,
    label,
    source: source!,
    named: [...rows, ...extra],
    when: () => rows.length < NAMED,
    ...(rows.length >= NAMED && { help: t("access.rules.tooMany") }),
  });
  const long = rule && [rule.users, rule.groups, rule.assets, rule.nodes].some((rows) => rows.length >= NAMED);
  return [
    {
      title: t("access.form.rule"),
      text: t("access.form.ruleText"),
      fields: [
        { name: "name", label: t("terms.name") },
        { name: "comment", label: t("terms.comment") },
      ],
    },
    {
      title: t("access.form.who"),
      text: long ? t("access.rules.tooMany") : t("access.form.whoText"),
      fields: [
        side("groupIds", t("access.rules.groups"), groups, rule?.groups ?? []),
        side("userIds", t("access.rules.users"), people, rule?.users ?? []),
      ],
    },
    {
      title: t("access.form.what"),
      text: t("access.form.whatText"),
      fields: [
        side("nodeIds", t("access.rules.nodes"), nodes, rule?.nodes ?? []),
        side("assetIds", t("access.rules.assets"), assets, rule?.assets ?? []),
      ],
    },
    {
      title: t("access.form.accounts"),
      text: t("access.form.accountsText"),
      fields: [
        {
          name: "accounts",
          label: t("terms.accounts"),
          required: true,
          inWords: (value) => accountWords(value as Grant["accounts"], words) || "–",
          render: ({ id, value, change }) => (
            <AccountsField id={id} value={value as Grant["accounts"]} change={change} />
          ),
        },
      ],
    },
    {
      title: t("access.form.how"),
      text: t("access.form.howText"),
      fields: [
        {
          name: "protocols",
          label: t("access.rules.protocols"),
          required: true,
          inWords: (value) => protocolWords(value as Grant["protocols"], words) || "–",
          render: ({ id, value, change }) => (
            <ProtocolsField id={id} value={value as Grant["protocols"]} change={change} />
          ),
        },
        {
          name: "actions",
          label: t("access.rules.actions"),
          required: true,
          inWords: (value) => actionWords(value as GrantAction[], words) || "–",
          render: ({ id, value, change }) => (
            <ActionsField id={id} value={(value as GrantAction[] | undefined) ?? []} change={change} />
          ),
        },
        {
          name: "forwardTo",
          label: t("access.form.forwardTo"),
          help: t("access.form.forwardHelp"),
          mono: true,
          required: true,
          when: ({ actions }) => ((actions as GrantAction[] | undefined) ?? []).includes("forward"),
        },
      ],
    },
    {
      title: t("access.form.when"),
      text: t("access.form.whenText"),
      fields: [
        {
          name: "startsAt",
          label: t("access.form.startsAt"),
          help: t("access.form.startsHelp"),
          when: () => rule === null || new Date(rule.startsAt).getTime() > Date.now(),
        },
        { name: "expiresAt", label: t("access.form.expiresAt"), help: t("access.form.expiresHelp") },
        {
          name: "atEnd",
          label: t("access.form.atEnd"),
          help: t("access.form.atEndHelp"),
          required: true,
          when: ({ expiresAt }) => Boolean(expiresAt),
          inWords: (value) => t(`access.atEnd.${(value as Grant["atEnd"] | undefined)?.what ?? "default"}`),
          render: ({ id, value, change }) => (
            <AtEndField
              id={id}
              value={value as Grant["atEnd"] | undefined}
              change={change}
              mayBeDefault={rule === null}
            />
          ),
        },
        { name: "active", label: t("access.form.active") },
      ],
    },
  ];
}
