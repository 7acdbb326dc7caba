import { Button, Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { checkSignInBackend, type SignInBackend } from "../../../../src/iam/schema.ts";
import { Facts, Problem, StateTag, Transcript } from "../../kit/index.ts";
import { useAction } from "../../query.ts";

/** Tries what is stored, alone or with somebody's name and password, and shows what happened. */
export function BackendCheck({ backend }: { backend: SignInBackend }) {
  const { t } = useTranslation();
  const id = useId();
  const action = useAction(checkSignInBackend);
  const [loginName, setLoginName] = useState("");
  const [password, setPassword] = useState("");
  const answer = action.data;
  const withPerson = loginName.trim() !== "" && password !== "";
  return (
    <section className="settings-check backend-check" aria-label={t("backends.check.title")}>
      <h2>{t("backends.check.title")}</h2>
      <p className="muted">{t("backends.check.text")}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          action.mutate({ id: backend.id, ...(withPerson && { loginName: loginName.trim(), password }) });
        }}
      >
        {backend.flow === "form" && (
          <div className="backend-person">
            <div>
              <label htmlFor={`${id}n`}>{t("backends.check.loginName")}</label>
              <Input
                id={`${id}n`}
                value={loginName}
                autoComplete="off"
                maxLength={256}
                onChange={(event) => setLoginName(event.target.value)}
              />
            </div>
            <div>
              <label htmlFor={`${id}p`}>{t("backends.check.password")}</label>
              <Input.Password
                id={`${id}p`}
                value={password}
                autoComplete="new-password"
                maxLength={4096}
                onChange={(event) => setPassword(event.target.value)}
              />
            </div>
          </div>
        )}
        <Button htmlType="submit" type="primary" loading={action.isPending}>
          {t("backends.check.run")}
        </Button>
      </form>
      <div aria-live="polite" className="stack">
        <Problem error={action.error} />
        {answer && !action.isPending && (
          <>
            <p>
              <StateTag tone={answer.ok ? "good" : "bad"}>
                {answer.ok ? t("backends.check.good") : t("backends.check.bad")}
              </StateTag>{" "}
              {answer.message}
            </p>
            {answer.identity && (
              <Facts
                items={[
                  [t("backends.check.identity"), `${answer.identity.name} (${answer.identity.loginName})`],
                  [
                    t("backends.check.subject"),
                    <span key="s" className="mono">
                      {answer.identity.subject}
                    </span>,
                  ],
                  [t("backends.check.user"), answer.identity.user?.name ?? t("backends.check.noUser")],
                  [
                    t("backends.check.groups"),
                    answer.identity.groups.length > 0 && (
                      <span key="g" className="mono selectable backend-groups">
                        {answer.identity.groups.join("\n")}
                      </span>
                    ),
                  ],
                ]}
              />
            )}
            <Transcript title={t("backends.check.transcript")} lines={answer.transcript} />
          </>
        )}
      </div>
    </section>
  );
}
