import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Grant } from "../../../../src/assets/schema.ts";
import { type Column, Facts, Names, StateTag, Time, type Tone } from "../../kit/index.ts";
import { accountWords, actionWords, protocolWords, ruleSummary, shapeOfGrant } from "./rule-summary.ts";

const SOON_MS = 7 * 86_400_000;
const QUIET: ReadonlySet<Grant["ineffective"][number]> = new Set(["inactive", "expired"]);

/** The state of a rule in words: in force, or the first reason why not. */
export function RuleState({ rule, t }: { rule: Grant; t: TFunction }) {
  const [reason] = rule.ineffective.toSorted((a, b) => Number(QUIET.has(b)) - Number(QUIET.has(a)));
  if (reason) {
    const tone: Tone = QUIET.has(reason) ? "off" : reason === "not-yet" ? "info" : "warn";
    return <StateTag tone={tone}>{t(`access.state.${reason}`)}</StateTag>;
  }
  return <StateTag tone="good">{t("access.state.inForce")}</StateTag>;
}

/** When a rule ends; in the colour of a warning in the last week. */
function RuleEnd({ rule, t }: { rule: Grant; t: TFunction }) {
  if (!rule.expiresAt) return <span className="faint">{t("access.rules.noEnd")}</span>;
  const left = new Date(rule.expiresAt).getTime() - Date.now();
  return (
    <span className={left > 0 && left < SOON_MS ? "warn" : ""}>
      <Time at={rule.expiresAt} />
    </span>
  );
}

/** The columns of every list of permission rules. */
export const ruleColumns = (t: TFunction, language: string): readonly Column<Grant>[] => [
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(160px, 1.4fr)",
    always: true,
    render: ({ name, ticketId }) => (
      <>
        <span className="strong">{name}</span>
        {ticketId && <span className="name-chip">{t("requests.one")}</span>}
      </>
    ),
  },
  {
    key: "state",
    title: t("terms.state"),
    width: "150px",
    render: (rule) => (
      <span title={rule.ineffective.map((reason) => t(`access.why.${reason}`)).join("\n")}>
        <RuleState rule={rule} t={t} />
      </span>
    ),
  },
  {
    key: "who",
    title: t("access.rules.who"),
    width: "minmax(140px, 1.3fr)",
    wide: true,
    render: ({ groups, users }) => <Names items={[...groups, ...users]} />,
  },
  {
    key: "what",
    title: t("access.rules.what"),
    width: "minmax(140px, 1.3fr)",
    wide: true,
    render: ({ nodes, assets }) => <Names items={[...nodes, ...assets]} />,
  },
  {
    key: "accounts",
    title: t("access.rules.asWhich"),
    width: "minmax(110px, 1fr)",
    wide: true,
    render: ({ accounts }) => accountWords(accounts, { t, language }),
  },
  {
    key: "protocols",
    title: t("access.rules.protocols"),
    width: "110px",
    hidden: true,
    render: ({ protocols }) => protocolWords(protocols, { t, language }),
  },
  {
    key: "actions",
    title: t("access.rules.actions"),
    width: "minmax(110px, 1fr)",
    hidden: true,
    render: ({ actions }) => actionWords(actions, { t, language }),
  },
  {
    key: "until",
    title: t("access.rules.until"),
    width: "110px",
    wide: true,
    render: (rule) => <RuleEnd rule={rule} t={t} />,
  },
  {
    key: "comment",
    title: t("terms.comment"),
    width: "minmax(120px, 1fr)",
    hidden: true,
    render: ({ comment }) => comment,
  },
];

type NamedRow = { readonly id: string; readonly name: string };

function Links({ rows, to }: { rows: readonly NamedRow[]; to: (id: string) => string }) {
  if (rows.length === 0) return null;
  return (
    <span className="link-list">
      {rows.map(({ id, name }) => (
        <Link key={id} to={to(id)}>
          {name}
        </Link>
      ))}
    </span>
  );
}

/** A rule in sentences, and what each side names. */
export function RuleFacts({ rule }: { rule: Grant }) {
  const { t, i18n } = useTranslation();
  const words = { t, language: i18n.language };
  const orNull = (rows: readonly NamedRow[], to: (id: string) => string) =>
    rows.length > 0 ? <Links key={to("")} rows={rows} to={to} /> : null;
  return (
    <div className="stack">
      <RuleSentences rule={rule} />
      <Facts
        items={[
          [t("access.rules.groups"), orNull(rule.groups, (id) => `/console/groups/${id}`)],
          [t("access.rules.users"), orNull(rule.users, (id) => `/console/users/${id}`)],
          [t("access.rules.nodes"), orNull(rule.nodes, (id) => `/console/assets?node=${id}`)],
          [t("access.rules.assets"), orNull(rule.assets, (id) => `/console/assets/${id}`)],
          [t("access.rules.asWhich"), accountWords(rule.accounts, words)],
          [t("access.rules.protocols"), protocolWords(rule.protocols, words)],
          [t("access.rules.actions"), actionWords(rule.actions, words)],
          [t("access.form.forwardTo"), rule.forwardTo.join(", ")],
          [t("access.rules.from"), <Time key="f" at={rule.startsAt} />],
          [t("access.rules.until"), <RuleEnd key="u" rule={rule} t={t} />],
          [t("access.form.atEnd"), rule.expiresAt && t(`access.atEnd.${rule.atEnd.what}`)],
          [
            t("requests.one"),
            rule.ticketId && (
              <Link key="q" to={`/console/requests/${rule.ticketId}`}>
                {t("requests.madeRule")}
              </Link>
            ),
          ],
          [t("terms.comment"), rule.comment],
          [t("terms.created"), <Time key="c" at={rule.createdAt} />],
        ]}
      />
    </div>
  );
}

/** What a rule grants, and why not now. */
function RuleSentences({ rule }: { rule: Grant }) {
  const { t, i18n } = useTranslation();
  const why = rule.ineffective;
  return (
    <div className={why.length > 0 ? "note note-warn stack-tight" : "note stack-tight"}>
      {why.length > 0 && <strong>{t("access.rules.grantsNothing")}</strong>}
      {why.map((reason) => (
        <span key={reason}>{t(`access.why.${reason}`)}</span>
      ))}
      {ruleSummary(shapeOfGrant({ ...rule, active: true }), { t, language: i18n.language })
        .slice(0, why.length > 0 ? 1 : undefined)
        .filter(() => !why.some((reason) => reason.startsWith("no-")))
        .map((sentence) => (
          <span key={sentence}>{sentence}</span>
        ))}
    </div>
  );
}
