import { Button, Input, Segmented } from "antd";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorPanel, Loading, Problem } from "../../kit/states.tsx";
import { termText } from "../../texts/problems.ts";
import { StepForm } from "./step-form.tsx";
import { needsAuthenticator, prove } from "./web-authn.ts";

export interface Offered {
  readonly kind: string;
  readonly title: string;
}
/** What the client needs to ask; its shape belongs to the kind. */
export type Shown = Readonly<Record<string, unknown>>;

/** Which of the offered kinds; nothing to choose when there is one. */
export function KindChoice(props: {
  readonly label: string;
  readonly offered: readonly Offered[];
  readonly kind: string;
  readonly choose: (kind: string) => void;
}) {
  if (props.offered.length < 2) return null;
  return (
    <Segmented
      vertical
      block
      size="large"
      aria-label={props.label}
      value={props.kind}
      onChange={props.choose}
      options={props.offered.map(({ kind, title }) => ({ value: kind, label: termText(title) }))}
    />
  );
}

/** Begins with a kind as soon as it is chosen, and draws what it shows; `begin` may throw. */
export function Begun(props: {
  readonly kind: string;
  readonly begin: (kind: string) => Promise<Shown>;
  readonly children: (shown: Shown, again: () => void) => ReactNode;
}) {
  const { kind, children } = props;
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const begin = useRef(props.begin);
  begin.current = props.begin;
  useEffect(() => {
    let current = true;
    setError(null);
    begin.current(kind).then(
      (given) => current && setShown(given),
      (fault: unknown) => current && setError(fault),
    );
    return () => {
      current = false;
    };
  }, [kind, round]);
  const again = () => {
    setShown(null);
    setRound((now) => now + 1);
  };
  if (error) return <ErrorPanel error={error} retry={again} />;
  return shown ? children(shown, again) : <Loading lines={2} />;
}

/** Asks for what proves a kind: the authenticator itself, or a line of text. */
export function Question(props: {
  readonly offered: Offered;
  readonly shown: Shown;
  readonly again: () => void;
  readonly answer: (text: string) => Promise<void>;
  /** For a password: what is typed is not shown. */
  readonly hidden?: boolean;
}) {
  const { t } = useTranslation();
  const { shown, offered, answer } = props;
  const [text, setText] = useState("");
  const id = useId();
  if (needsAuthenticator(shown))
    return (
      <Authenticator
        text={t("signIn.passkey.proveText")}
        verb={t("signIn.passkey.prove")}
        run={async () => answer(await prove(shown))}
      />
    );
  const field = {
    id,
    size: "large" as const,
    value: text,
    autoFocus: true,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
  };
  return (
    <StepForm
      verb={t("signIn.factor.submit")}
      ready={text.trim() !== ""}
      submit={async () => {
        await answer(props.hidden ? text : text.trim()).catch((fault: unknown) => {
          setText("");
          document.getElementById(id)?.focus();
          throw fault;
        });
      }}
    >
      <div className="field">
        <label htmlFor={id}>{props.hidden ? t("shell.signIn.password") : termText(offered.title)}</label>
        {props.hidden ? (
          <Input.Password {...field} autoComplete="current-password" maxLength={256} />
        ) : (
          <Input
            {...field}
            className="mono"
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={256}
            {...(typeof shown.digits === "number" && { inputMode: "numeric" })}
          />
        )}
        {typeof shown.text === "string" && <div className="field-help">{shown.text}</div>}
        {typeof shown.sentTo === "string" && (
          <div className="field-help">
            {t("signIn.factor.sentTo", { to: shown.sentTo })}{" "}
            <Button type="link" size="small" onClick={props.again}>
              {t("signIn.factor.sendAgain")}
            </Button>
          </div>
        )}
      </div>
    </StepForm>
  );
}

/** A button that makes the browser ask for a passkey: browsers do so only after a click. */
export function Authenticator(props: {
  readonly text: string;
  readonly verb: string;
  readonly run: () => Promise<void>;
}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    await props.run().catch(setError);
    setBusy(false);
  };
  return (
    <div className="stack">
      <p className="muted">{props.text}</p>
      <Problem error={error} />
      <Button type="primary" size="large" block autoFocus loading={busy} onClick={() => void go()}>
        {props.verb}
      </Button>
    </div>
  );
}
