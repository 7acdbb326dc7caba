import { Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { finishRedirect, type SignInStep } from "../../../../src/iam/schema.ts";
import { call } from "../../api.ts";
import { useTitle } from "../../kit/settings.ts";
import { ErrorPanel, Loading } from "../../kit/states.tsx";
import { Alone } from "../sign-in-page.tsx";
import { ownPath } from "./own-path.ts";
import { WayIn } from "./way-in.tsx";

/** What the provider sent along, taken out of the address before anything else can see it there. */
function takeAnswer(): Record<string, string> {
  const answer = Object.fromEntries(new URLSearchParams(location.search));
  history.replaceState(history.state, "", location.pathname);
  return answer;
}

/** Where a provider sends the browser back to: hands its answer on, once, and goes on with the sign-in. */
export function CallbackPage() {
  const { t } = useTranslation();
  const { backendId = "" } = useParams();
  const [answer] = useState(takeAnswer);
  const [step, setStep] = useState<SignInStep | null>(null);
  const [error, setError] = useState<unknown>(null);
  const empty = Object.keys(answer).length === 0;
  useTitle(t("signIn.callback.title"));
  const reached = (next: SignInStep) => {
    if (next.step === "done") location.replace(ownPath(next.returnTo));
    else setStep(next);
  };
  useEffect(() => {
    if (!empty) call(finishRedirect, { backendId, answer }).then(reached, setError);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- an answer is handed on once
  }, []);
  if (error)
    return (
      <Alone>
        <ErrorPanel error={error} title={t("signIn.callback.failed")} />
        <Button block onClick={() => location.assign("/")}>
          {t("signIn.callback.again")}
        </Button>
      </Alone>
    );
  if (!empty && !step)
    return (
      <Alone>
        <h1>{t("signIn.callback.title")}</h1>
        <Loading lines={3} />
      </Alone>
    );
  return (
    <Alone>
      <WayIn {...(step && { from: step })} done={(_, returnTo) => location.replace(ownPath(returnTo))} />
    </Alone>
  );
}
