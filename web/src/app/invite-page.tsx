import { Button, Input } from "antd";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { acceptInvitation, readInvitation, type SignInStep } from "../../../src/iam/schema.ts";
import { call, type Output } from "../api.ts";
import { useTitle } from "../kit/settings.ts";
import { Loading, Problem } from "../kit/states.tsx";
import { Alone } from "./sign-in-page.tsx";
import { StrengthHint } from "./strength-hint.tsx";
import { ownPath } from "./way-in/own-path.ts";
import { StepForm } from "./way-in/step-form.tsx";
import { WayIn } from "./way-in/way-in.tsx";

/** The token stands behind # so that no server sees it in an address; it is taken out before anything else does. */
function takeToken(): string {
  const token = location.hash.slice(1);
  history.replaceState(history.state, "", location.pathname);
  return token;
}

/** Where the link of an invitation leads: the person chooses a password and goes on with the way in. */
export function InvitePage() {
  const { t } = useTranslation();
  const [token] = useState(takeToken);
  const [invited, setInvited] = useState<Output<typeof readInvitation> | null>(null);
  const [step, setStep] = useState<SignInStep | null>(null);
  const [error, setError] = useState<unknown>(null);
  useTitle(t("orgs.invite.page"));
  useEffect(() => {
    if (token) call(readInvitation, { token }).then(setInvited, setError);
    else location.replace("/");
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);
  const reached = (next: SignInStep) => {
    if (next.step === "done") location.replace(ownPath(next.returnTo));
    else setStep(next);
  };
  if (error)
    return (
      <Alone>
        <h1>{t("orgs.invite.failed")}</h1>
        <Problem error={error} />
        <Button block onClick={() => location.assign("/")}>
          {t("shell.signIn.title")}
        </Button>
      </Alone>
    );
  if (step)
    return (
      <Alone>
        <WayIn from={step} done={(_, returnTo) => location.replace(ownPath(returnTo))} />
      </Alone>
    );
  return (
    <Alone>
      <h1>{t("orgs.invite.page")}</h1>
      {invited ? <Choose invited={invited} token={token} reached={reached} /> : <Loading lines={3} />}
    </Alone>
  );
}

function Choose(props: {
  readonly invited: Output<typeof readInvitation>;
  readonly token: string;
  readonly reached: (step: SignInStep) => void;
}) {
  const { t } = useTranslation();
  const { invited, token, reached } = props;
  const [password, setPassword] = useState("");
  const [repeat, setRepeat] = useState("");
  const id = useId();
  const differs = repeat !== "" && !password.startsWith(repeat) && repeat !== password;
  return (
    <StepForm
      verb={t("orgs.invite.submit")}
      ready={password !== "" && repeat === password}
      submit={async () => reached(await call(acceptInvitation, { token, password }))}
    >
      <p className="muted">
        {t("orgs.invite.pageText", { ...invited, organization: invited.organization ?? t("shell.product") })}
      </p>
      <input type="text" hidden readOnly autoComplete="username" value={invited.loginName} />
      <div className="field">
        <label htmlFor={`${id}-password`}>{t("orgs.invite.password")}</label>
        <Input.Password
          id={`${id}-password`}
          size="large"
          value={password}
          autoFocus
          autoComplete="new-password"
          maxLength={256}
          onChange={(event) => setPassword(event.target.value)}
        />
        <StrengthHint password={password} own={[invited.loginName, invited.name]} />
      </div>
      <div className="field">
        <label htmlFor={`${id}-repeat`}>{t("orgs.invite.repeat")}</label>
        <Input.Password
          id={`${id}-repeat`}
          size="large"
          value={repeat}
          autoComplete="new-password"
          maxLength={256}
          aria-invalid={differs}
          onChange={(event) => setRepeat(event.target.value)}
        />
        {differs && (
          <div className="field-help bad" role="alert">
            {t("orgs.invite.mismatch")}
          </div>
        )}
      </div>
    </StepForm>
  );
}
