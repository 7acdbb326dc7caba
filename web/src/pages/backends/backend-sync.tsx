import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type SignInBackend, syncSignInBackend } from "../../../../src/iam/schema.ts";
import { JobView, Problem } from "../../kit/index.ts";
import { useAction } from "../../query.ts";

/** Brings the directory's people here, after a preview; the job is watched where it was started. */
export function BackendSync({ backend }: { backend: SignInBackend }) {
  const { t } = useTranslation();
  const action = useAction(syncSignInBackend);
  const [jobId, setJobId] = useState<string | null>(null);
  const start = (preview: boolean) =>
    action.mutate({ id: backend.id, preview }, { onSuccess: (answer) => setJobId(answer.jobId) });
  return (
    <section className="settings-check" aria-label={t("backends.sync.title")}>
      <h2>{t("backends.sync.title")}</h2>
      <p className="muted">{t("backends.sync.text")}</p>
      <div className="settings-row">
        <Button type="primary" loading={action.isPending} onClick={() => start(true)}>
          {t("backends.sync.preview")}
        </Button>
        <Button disabled={action.isPending} onClick={() => start(false)}>
          {t("backends.sync.run")}
        </Button>
      </div>
      <Problem error={action.error} />
      {jobId && <JobView key={jobId} id={jobId} own />}
    </section>
  );
}
