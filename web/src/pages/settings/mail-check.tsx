import { Button, Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { checkMail } from "../../../../src/platform/schema.ts";
import { Problem, StateTag, Transcript } from "../../kit/index.ts";
import { useMay } from "../../me.ts";
import { useAction } from "../../query.ts";

/** Sends a test mail with what is stored, and shows what the gate and the server said to each other. */
export function MailCheck() {
  const { t } = useTranslation();
  const id = useId();
  const may = useMay(checkMail.name);
  const action = useAction(checkMail);
  const [to, setTo] = useState("");
  if (!may) return null;
  const answer = action.data;
  return (
    <section className="settings-check" aria-label={t("settings.mail.test")}>
      <h3>{t("settings.mail.test")}</h3>
      <p className="muted">{t("settings.mail.testText")}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          action.mutate({ to });
        }}
      >
        <label htmlFor={id}>{t("settings.mail.to")}</label>
        <div className="settings-row">
          <Input id={id} type="email" required value={to} onChange={(event) => setTo(event.target.value)} />
          <Button htmlType="submit" loading={action.isPending}>
            {t("settings.mail.send")}
          </Button>
        </div>
      </form>
      <div aria-live="polite">
        <Problem error={action.error} />
        {answer && !action.isPending && (
          <>
            <p>
              <StateTag tone={answer.ok ? "good" : "bad"}>
                {answer.ok ? t("settings.mail.taken") : t("settings.mail.failed")}
              </StateTag>{" "}
              {!answer.ok && answer.message}
            </p>
            <Transcript title={t("settings.mail.transcript")} lines={answer.transcript} />
          </>
        )}
      </div>
    </section>
  );
}
