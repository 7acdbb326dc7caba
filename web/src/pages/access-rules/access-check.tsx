import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type AccessPreview,
  type CONNECT_METHODS,
  listAccounts,
  previewAccess,
} from "../../../../src/assets/schema.ts";
import { call, type Input } from "../../api.ts";
import { exactTime, type FieldGroup, FormPage, source, StateTag, useTitle } from "../../kit/index.ts";
import { assets, people } from "../sources.ts";
import "../admin.css";

const accounts = source({
  list: listAccounts,
  name: (account) => account.name,
  hint: (account) => account.asset.name,
});

/** Which access rules would decide for a person, an account, an address and a time. */
export function Page() {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Partial<Input<typeof previewAccess>>>({});
  const [told, setTold] = useState<AccessPreview | null>(null);
  useTitle(t("accessRules.check.title"));
  const groups = useMemo<readonly FieldGroup[]>(
    () => [
      {
        text: t("accessRules.check.text"),
        fields: [
          { name: "userId", label: t("terms.user"), source: people },
          { name: "assetId", label: t("terms.asset"), source: assets },
          { name: "accountId", label: t("terms.account"), source: accounts },
          {
            name: "method",
            label: t("accessRules.check.method"),
            choiceLabel: (method) => t(`accessRules.methods.${method as (typeof CONNECT_METHODS)[number]}`),
            unmarked: true,
          },
          { name: "address", label: t("accessRules.check.address"), kind: "text", mono: true },
          { name: "at", label: t("why.at"), help: t("why.atHelp") },
        ],
      },
    ],
    [t],
  );
  return (
    <div className="list-page">
      <div className="list-main tab-body readable stack">
        <FormPage
          title={t("accessRules.check.title")}
          endpoint={previewAccess}
          groups={groups}
          verb={t("accessRules.check.ask")}
          initial={asked}
          send={(input) => {
            setAsked(input);
            return call(previewAccess, input);
          }}
          done={setTold}
        />
        {told && <Told told={told} />}
      </div>
    </div>
  );
}

function Told({ told: { allowed, message, nextChange, rules } }: { told: AccessPreview }) {
  const { t, i18n } = useTranslation();
  return (
    <section className="stack" aria-live="polite">
      <div className={allowed ? "note stack-tight" : "note note-warn stack-tight"}>
        <strong>{t(allowed ? "accessRules.check.yes" : "accessRules.check.no")}</strong>
        {message && <span>{message}</span>}
        {nextChange && <span>{t("accessRules.check.next", { at: exactTime(nextChange, i18n.language) })}</span>}
        {rules.length === 0 && <span>{t("accessRules.none")}</span>}
      </div>
      <ul className="explained">
        {rules.map((rule) => (
          <li key={rule.id}>
            <div className="explained-head">
              <span>
                {rule.priority} · {rule.name}
              </span>
              <StateTag tone={rule.standing === "decides" ? "info" : "off"}>
                {t(`accessRules.standings.${rule.standing}`)}
              </StateTag>
            </div>
            {rule.standing === "decides" && <span>{t(`accessRules.actions.${rule.action}`)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
