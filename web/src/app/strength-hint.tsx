import { useTranslation } from "react-i18next";
import { judge, type Strength } from "./strength.ts";

const FULL: Readonly<Record<Strength, number>> = { weak: 1, fair: 2, good: 3, strong: 4 };

/** Says honestly how long a guess would take, and what weakens the password. */
export function StrengthHint({ password, own }: { password: string; own: readonly string[] }) {
  const { t } = useTranslation();
  if (password === "") return <div className="field-help">{t("shell.strength.empty")}</div>;
  const { strength, because } = judge(password, own);
  return (
    <div className="strength" role="status" aria-label={t("shell.strength.label")}>
      <div className={`strength-bar ${strength}`} aria-hidden="true">
        {[1, 2, 3, 4].map((part) => (
          <span key={part} className={part <= FULL[strength] ? "on" : ""} />
        ))}
      </div>
      <div className="field-help">
        {t(`shell.strength.${strength}`)}
        {because && <span> · {t(`shell.strength.${because}`)}</span>}
      </div>
    </div>
  );
}
