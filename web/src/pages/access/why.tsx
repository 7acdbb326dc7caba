import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Explanation, GRANT_ACTIONS, readExplanation } from "../../../../src/assets/schema.ts";
import { call, type Input } from "../../api.ts";
import { exactTime, type FieldGroup, FormPage, StateTag, useTitle } from "../../kit/index.ts";
import { assets, people } from "../sources.ts";
import "../admin.css";

/** Why somebody may do something on an asset, or why not, and which rule to change. */
export function Page() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const [asked, setAsked] = useState<Partial<Input<typeof readExplanation>>>(() => ({
    userId: params.get("userId") ?? undefined,
    assetId: params.get("assetId") ?? undefined,
  }));
  const [told, setTold] = useState<Explanation | null>(null);
  useTitle(t("why.title"));
  const groups = useMemo<readonly FieldGroup[]>(
    () => [
      {
        text: t("why.text"),
        fields: [
          { name: "userId", label: t("terms.user"), source: people },
          { name: "assetId", label: t("terms.asset"), source: assets },
          {
            name: "action",
            label: t("why.action"),
            choices: GRANT_ACTIONS.filter((action) => action !== "forward"),
            choiceLabel: (action) => t(`access.actions.${action as (typeof GRANT_ACTIONS)[number]}`),
            unmarked: true,
          },
          { name: "at", label: t("why.at"), help: t("why.atHelp") },
        ],
      },
    ],
    [t],
  );
  return (
    <div className="list-page">
      <div className="list-main why-page">
        <FormPage
          title={t("why.title")}
          endpoint={readExplanation}
          groups={groups}
          initial={asked}
          verb={t("why.ask")}
          send={(input) => {
            setAsked(input);
            return call(readExplanation, input);
          }}
          done={setTold}
        />
        {told && <Told told={told} />}
      </div>
    </div>
  );
}

function Told({ told }: { told: Explanation }) {
  const { t, i18n } = useTranslation();
  const { allowed, person, asset, account, action, until, obstacles, rules, change } = told;
  const names = {
    person: person.name,
    asset: account ? `${account.name}@${asset.name}` : asset.name,
    action: t(`access.actions.${action}`),
  };
  return (
    <section className="why-told stack readable" aria-live="polite">
      <div className={allowed ? "note stack-tight" : "note note-warn stack-tight"}>
        <strong>{t(allowed ? "why.yes" : "why.no", names)}</strong>
        {allowed && <span>{until ? t("why.until", { at: exactTime(until, i18n.language) }) : t("why.noEnd")}</span>}
        {obstacles.map((obstacle) => (
          <span key={obstacle}>{t(`why.obstacles.${obstacle}`)}</span>
        ))}
        {!allowed && rules.length === 0 && <span>{t("why.noRules")}</span>}
        {change && (
          <span>
            {t("why.change")} <Link to={`/console/rules/${change.id}`}>{change.name}</Link>
          </span>
        )}
      </div>
      <ul className="explained">
        {rules.map((rule) => (
          <li key={rule.id}>
            <div className="explained-head">
              <Link to={`/console/rules/${rule.id}`}>{rule.name}</Link>
              <StateTag tone={rule.gives ? "good" : "off"}>{t(rule.gives ? "why.gives" : "why.givesNot")}</StateTag>
            </div>
            <Through rule={rule} />
            {rule.lacks.map((lack) => (
              <span key={lack}>{t(`why.lacks.${lack}`)}</span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** By which groups and nodes a rule joins the two. */
function Through({ rule }: { rule: Explanation["rules"][number] }) {
  const { t } = useTranslation();
  const names = (rows: Explanation["rules"][number]["throughGroups"]) => rows?.map(({ name }) => name).join(", ") ?? "";
  const [groups, nodes] = [names(rule.throughGroups), names(rule.throughNodes)];
  if (!groups && !nodes) return null;
  return (
    <span className="muted">
      {groups && t("why.groups", { names: groups })} {nodes && t("why.nodes", { names: nodes })}
    </span>
  );
}
