import { Button, Input, type InputRef } from "antd";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  beginPasskeySignIn,
  beginRedirect,
  finishPasskeySignIn,
  listSignInWays,
  signIn,
  type SignInStep,
} from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { Problem } from "../../kit/states.tsx";
import { useEndpoint } from "../../query.ts";
import { goToProvider, here } from "./own-path.ts";
import { StepForm } from "./step-form.tsx";
import { passkeysWork, prove } from "./web-authn.ts";

interface FirstStepProps {
  /** Filled in when somebody comes back. */
  readonly loginName: string;
  readonly reached: (step: SignInStep) => void;
}

/** Name and password, and the other ways in. */
export function FirstStep({ loginName, reached }: FirstStepProps) {
  const { t } = useTranslation();
  const [name, setName] = useState(loginName);
  const [password, setPassword] = useState("");
  const passwordField = useRef<InputRef>(null);
  const id = useId();
  useEffect(() => {
    if (loginName) passwordField.current?.focus();
  }, [loginName]);
  const submit = async () => {
    try {
      reached(await call(signIn, { loginName: name.trim(), password, returnTo: here() }));
    } catch (fault) {
      passwordField.current?.focus({ cursor: "all" });
      throw fault;
    }
  };
  return (
    <>
      <StepForm verb={t("shell.signIn.submit")} ready={name.trim() !== "" && password !== ""} submit={submit}>
        <div className="field">
          <label htmlFor={`${id}-name`}>{t("shell.signIn.loginName")}</label>
          <Input
            id={`${id}-name`}
            size="large"
            value={name}
            autoComplete="username"
            autoFocus={!loginName}
            spellCheck={false}
            autoCapitalize="none"
            maxLength={128}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-password`}>{t("shell.signIn.password")}</label>
          <Input.Password
            id={`${id}-password`}
            size="large"
            ref={passwordField}
            value={password}
            autoComplete="current-password"
            maxLength={256}
            onChange={(event) => setPassword(event.target.value)}
          />
        </div>
      </StepForm>
      <OtherWays reached={reached} />
    </>
  );
}

/** A button for each provider, and one for passkeys. */
function OtherWays({ reached }: Pick<FirstStepProps, "reached">) {
  const { t } = useTranslation();
  const known = useEndpoint(listSignInWays, {});
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState("");
  const providers = known.data?.ways.filter(({ flow }) => flow === "redirect") ?? [];
  const passkeys = known.data?.passkeys === true && passkeysWork();
  if (providers.length === 0 && !passkeys) return null;
  const go = async (key: string, work: () => Promise<void>) => {
    setBusy(key);
    setError(null);
    await work().catch(setError);
    setBusy("");
  };
  const withPasskey = async () => {
    const { shown } = await call(beginPasskeySignIn, { returnTo: here() });
    reached(await call(finishPasskeySignIn, { answer: await prove(shown) }));
  };
  const at = async (backendId: string) =>
    goToProvider((await call(beginRedirect, { backendId, returnTo: here() })).location);
  return (
    <div className="stack other-ways" role="group" aria-label={t("signIn.ways.label")}>
      <div className="or" aria-hidden="true">
        {t("signIn.or")}
      </div>
      {passkeys && (
        <Button size="large" block loading={busy === "passkey"} onClick={() => void go("passkey", withPasskey)}>
          {t("signIn.passkey.use")}
        </Button>
      )}
      {providers.map(({ id, name }) => (
        <Button key={id} size="large" block loading={busy === id} onClick={() => void go(id, () => at(id))}>
          <span className="cut">{t("signIn.ways.at", { name })}</span>
        </Button>
      ))}
      <Problem error={error} />
    </div>
  );
}
