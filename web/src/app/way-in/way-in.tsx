import { Button } from "antd";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  answerFactor,
  beginFactor,
  beginFactorEnrolment,
  cancelSignIn,
  finishFactorEnrolment,
  type Me,
  readSignInStep,
  type SignInStep,
} from "../../../../src/iam/schema.ts";
import { ApiFault, call } from "../../api.ts";
import { useTitle } from "../../kit/settings.ts";
import { Loading, Problem } from "../../kit/states.tsx";
import { FirstStep } from "./first-step.tsx";
import { NewPasswordStep } from "./new-password-step.tsx";
import { codesIn, RecoveryCodes } from "./recovery-codes.tsx";
import { SecondFactor } from "./second-factor.tsx";

const Enrolment = lazy(() => import("./enrolment.tsx").then((module) => ({ default: module.Enrolment })));

interface WayInProps {
  /** Filled in when somebody comes back. */
  readonly loginName?: string;
  /** Where the sign-in stands when that is known already. */
  readonly from?: SignInStep;
  /** Over a page: the page has a title of its own. */
  readonly over?: boolean;
  readonly done: (me: Me, returnTo: string | null) => void;
}

/** The way in, whatever step it asks for, until somebody is in. A reload goes on where it stood. */
export function WayIn({ loginName = "", from, over = false, done }: WayInProps) {
  const { t } = useTranslation();
  const [step, setStep] = useState<SignInStep | null>(from ?? null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [lost, setLost] = useState<unknown>(null);
  const resume = async () => setStep(await call(readSignInStep, {}).catch((): SignInStep => ({ step: "first" })));
  useEffect(() => {
    if (!from) void resume();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);

  const reached = (next: SignInStep) => {
    setLost(null);
    if (next.step === "done") done(next.me, next.returnTo);
    else setStep(next);
  };
  /** When the sign-in is over on the server, it begins again here, with the reason. */
  const orBegin = async <T,>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (fault) {
      if (fault instanceof ApiFault && (fault.code === "unauthenticated" || fault.code === "conflict")) {
        const now = await call(readSignInStep, {}).catch((): SignInStep => ({ step: "first" }));
        if (now.step !== step?.step) {
          setLost(fault);
          setStep(now);
        }
      }
      throw fault;
    }
  };
  const begin = (endpoint: typeof beginFactor | typeof beginFactorEnrolment) => async (kind: string) =>
    (await orBegin(call(endpoint, { kind }))).shown;
  const cancel = async () => {
    await call(cancelSignIn, {}).catch(() => undefined);
    setLost(null);
    setStep({ step: "first" });
  };
  const finishEnrolment = async (kind: string, answer: string) => {
    const { once, next } = await orBegin(call(finishFactorEnrolment, { kind, answer }));
    const given = codesIn(once);
    if (!given) return reached(next);
    setStep(next);
    setCodes(given);
  };

  if (!step) return <Loading lines={3} />;
  if (codes) {
    const kept = () => {
      setCodes(null);
      reached(step);
    };
    return (
      <Step title={t("signIn.codes.title")} over={over}>
        <RecoveryCodes codes={codes} kept={kept} />
      </Step>
    );
  }
  if (step.step === "first" || step.step === "done") {
    return (
      <Step title={over ? "" : t("shell.signIn.title")} over={over}>
        <Problem error={lost} />
        <FirstStep loginName={loginName} reached={reached} />
      </Step>
    );
  }
  const title = {
    "second-factor": t("signIn.factor.title"),
    enrol: t("signIn.enrol.title"),
    "new-password": t("signIn.newPassword.title"),
  }[step.step];
  return (
    <Step title={title} over={over}>
      <Problem error={lost} />
      {step.step === "second-factor" && (
        <SecondFactor
          offered={step.factors}
          begin={begin(beginFactor)}
          answer={async (kind, answer) => reached(await orBegin(call(answerFactor, { kind, answer })))}
        />
      )}
      {step.step === "enrol" && (
        <Suspense fallback={<Loading lines={4} />}>
          <p className="muted">{t("signIn.enrol.text")}</p>
          <Enrolment offered={step.factors} begin={begin(beginFactorEnrolment)} finish={finishEnrolment} />
        </Suspense>
      )}
      {step.step === "new-password" && <NewPasswordStep because={step.because} reached={reached} />}
      <Button type="link" className="back" onClick={() => void cancel()}>
        {t("signIn.back")}
      </Button>
    </Step>
  );
}

function Step({ title, over, children }: { title: string; over: boolean; children: ReactNode }) {
  const Heading = over ? "h2" : "h1";
  return (
    <div className="stack way-in">
      {!over && <PageTitle text={title} />}
      {title && <Heading>{title}</Heading>}
      {children}
    </div>
  );
}

function PageTitle({ text }: { text: string }) {
  useTitle(text);
  return null;
}
