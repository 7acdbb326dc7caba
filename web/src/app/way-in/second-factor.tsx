import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Begun, KindChoice, type Offered, Question, type Shown } from "./question.tsx";

/** One of the second factors that the person has. */
export function SecondFactor(props: {
  readonly offered: readonly Offered[];
  readonly begin: (kind: string) => Promise<Shown>;
  readonly answer: (kind: string, answer: string) => Promise<void>;
  /** Kinds whose answer is not shown while it is typed. */
  readonly hidden?: readonly string[];
}) {
  const { t } = useTranslation();
  const [kind, setKind] = useState(props.offered[0]?.kind ?? "");
  const chosen = props.offered.find((one) => one.kind === kind);
  if (!chosen) return <p className="note note-warn">{t("signIn.factor.none")}</p>;
  return (
    <>
      <KindChoice label={t("signIn.factor.choice")} offered={props.offered} kind={kind} choose={setKind} />
      <Begun key={kind} kind={kind} begin={props.begin}>
        {(shown, again) => (
          <Question
            offered={chosen}
            shown={shown}
            again={again}
            hidden={props.hidden?.includes(kind) ?? false}
            answer={(answer) => props.answer(kind, answer)}
          />
        )}
      </Begun>
    </>
  );
}
