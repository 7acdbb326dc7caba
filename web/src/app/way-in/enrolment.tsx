import { Input, QRCode } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "../../kit/pieces.tsx";
import { termText } from "../../texts/problems.ts";
import { Authenticator, Begun, KindChoice, type Offered, type Shown } from "./question.tsx";
import { StepForm } from "./step-form.tsx";
import { makePasskey, needsAuthenticator } from "./web-authn.ts";

/** Sets up a second factor of one of the offered kinds: on the way in, and later on one's own page. */
export function Enrolment(props: {
  readonly offered: readonly Offered[];
  readonly begin: (kind: string) => Promise<Shown>;
  /** May throw: the answer was not right. */
  readonly finish: (kind: string, answer: string) => Promise<void>;
}) {
  const { t } = useTranslation();
  const [kind, setKind] = useState(props.offered[0]?.kind ?? "");
  const chosen = props.offered.find((one) => one.kind === kind);
  if (!chosen) return <p className="note note-warn">{t("signIn.enrol.none")}</p>;
  return (
    <div className="stack">
      <KindChoice label={t("signIn.factor.choice")} offered={props.offered} kind={kind} choose={setKind} />
      <Begun key={kind} kind={kind} begin={props.begin}>
        {(shown) =>
          needsAuthenticator(shown) ? (
            <Authenticator
              text={t("signIn.passkey.makeText")}
              verb={t("signIn.passkey.make")}
              run={async () => props.finish(kind, await makePasskey(shown))}
            />
          ) : (
            <Code title={chosen.title} shown={shown} finish={(answer) => props.finish(kind, answer)} />
          )
        }
      </Begun>
    </div>
  );
}

/** What is to be scanned or copied, and the code that shows that it arrived. */
function Code(props: {
  readonly title: string;
  readonly shown: Shown;
  readonly finish: (answer: string) => Promise<void>;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const id = useId();
  const { uri, secret, sentTo, digits } = props.shown;
  return (
    <StepForm
      verb={t("signIn.enrol.submit")}
      ready={text.trim() !== ""}
      submit={() =>
        props.finish(text.trim()).catch((fault: unknown) => {
          setText("");
          document.getElementById(id)?.focus();
          throw fault;
        })
      }
    >
      {typeof uri === "string" && (
        <>
          <p className="muted">{t("signIn.enrol.scan")}</p>
          <div className="qr" role="img" aria-label={t("signIn.enrol.qr")}>
            <QRCode value={uri} type="svg" size={176} color="#000000" bgColor="#ffffff" bordered={false} />
          </div>
        </>
      )}
      {typeof secret === "string" && (
        <div className="field">
          <span>{t("signIn.enrol.key")}</span>
          <span className="mono selectable key-text">
            {secret.replace(/(.{4})(?=.)/g, "$1 ")}
            <CopyButton text={secret} />
          </span>
        </div>
      )}
      {typeof sentTo === "string" && <p className="muted">{t("signIn.factor.sentTo", { to: sentTo })}</p>}
      <div className="field">
        <label htmlFor={id}>{uri ? t("signIn.enrol.code") : termText(props.title)}</label>
        <Input
          id={id}
          size="large"
          className="mono"
          value={text}
          autoFocus
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={256}
          onChange={(event) => setText(event.target.value)}
          {...(typeof digits === "number" && { inputMode: "numeric" as const })}
        />
      </div>
    </StepForm>
  );
}
