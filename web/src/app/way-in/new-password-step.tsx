import { Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { giveNewPassword, type SignInStep } from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { fieldsOf, problemOf } from "../../kit/field-kind.ts";
import { problemText } from "../../texts/problems.ts";
import { StrengthHint } from "../strength-hint.tsx";
import { StepForm } from "./step-form.tsx";

interface NewPasswordStepProps {
  readonly because: Extract<SignInStep, { step: "new-password" }>["because"];
  readonly reached: (step: SignInStep) => void;
}

/** The new password that the sign-in asks for, and why. */
export function NewPasswordStep({ because, reached }: NewPasswordStepProps) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const [repeat, setRepeat] = useState("");
  const [left, setLeft] = useState(false);
  const id = useId();
  const problem = left && password !== "" ? problemOf(fieldsOf(giveNewPassword.input).password!, password) : null;
  const differs = repeat !== "" && !password.startsWith(repeat) && repeat !== password;
  return (
    <StepForm
      verb={t("signIn.newPassword.submit")}
      ready={password !== "" && repeat === password}
      submit={async () => reached(await call(giveNewPassword, { password }))}
    >
      <p className="muted">{t(`signIn.newPassword.${because}`)}</p>
      <div className="field">
        <label htmlFor={`${id}-next`}>{t("signIn.newPassword.next")}</label>
        <Input.Password
          id={`${id}-next`}
          size="large"
          value={password}
          autoFocus
          autoComplete="new-password"
          maxLength={256}
          aria-invalid={problem !== null}
          aria-describedby={`${id}-help`}
          onBlur={() => setLeft(true)}
          onChange={(event) => setPassword(event.target.value)}
        />
        <div id={`${id}-help`}>
          {problem && (
            <div className="field-help bad" role="alert">
              {problemText(problem)}
            </div>
          )}
          <StrengthHint password={password} own={[]} />
        </div>
      </div>
      <div className="field">
        <label htmlFor={`${id}-repeat`}>{t("signIn.newPassword.repeat")}</label>
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
            {t("signIn.newPassword.mismatch")}
          </div>
        )}
      </div>
    </StepForm>
  );
}
