import { Button, Input, type InputRef } from "antd";
import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Me, readSetup, signIn } from "../../../src/iam/schema.ts";
import { call } from "../api.ts";
import { useTitle } from "../kit/settings.ts";
import { Problem } from "../kit/states.tsx";
import { useEndpoint } from "../query.ts";

/** Name and password; `loginName` is filled in when somebody comes back. */
export function SignInForm({ loginName = "", done }: { loginName?: string; done: (me: Me) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(loginName);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const passwordField = useRef<InputRef>(null);
  const id = useId();
  useEffect(() => {
    if (loginName) passwordField.current?.focus();
  }, [loginName]);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      const reached = await call(signIn, { loginName: name.trim(), password });
      if (reached.step === "done") done(reached.me);
    } catch (fault) {
      setError(fault);
      passwordField.current?.focus({ cursor: "all" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
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
          onChange={(event) => setPassword(event.target.value)}
        />
      </div>
      <Problem error={error} />
      <Button
        type="primary"
        size="large"
        htmlType="submit"
        block
        loading={busy}
        disabled={name.trim() === "" || password === ""}
      >
        {t("shell.signIn.submit")}
      </Button>
    </form>
  );
}

/** The page of somebody who is not signed in; the address stays, so that one lands where one wanted to go. */
export function SignInPage({ done }: { done: (me: Me) => void }) {
  const { t } = useTranslation();
  const setup = useEndpoint(readSetup, {});
  useTitle(t("shell.signIn.title"));
  return (
    <main className="alone">
      <div className="alone-card">
        <Mark />
        <h1>{t("shell.signIn.title")}</h1>
        {setup.data?.needed && <div className="note note-warn">{t("shell.signIn.setupNeeded")}</div>}
        <SignInForm done={done} />
      </div>
    </main>
  );
}

/** The product's mark and name. */
export function Mark() {
  const { t } = useTranslation();
  return (
    <div className="mark">
      <img src="/mark.svg" alt="" width={22} height={22} />
      <span>{t("shell.product")}</span>
    </div>
  );
}
