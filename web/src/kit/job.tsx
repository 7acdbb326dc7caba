import { Button } from "antd";
import { useTranslation } from "react-i18next";
import {
  cancelJob,
  cancelMyJob,
  type Job,
  type JobResultRow,
  listJobResults,
  listMyJobResults,
  readJob,
  readMyJob,
} from "../../../src/platform/schema.ts";
import { useMay } from "../me.ts";
import { useAction, useEndpoint } from "../query.ts";
import { ListPage } from "./list-page.tsx";
import { Facts, StateTag, Time, type Tone } from "./pieces.tsx";
import { remainingMs } from "./remaining.ts";
import type { Filter } from "./search-box.tsx";
import { ErrorPanel, Loading, Problem, Progress } from "./states.tsx";
import type { Column } from "./table.tsx";

const LOOK_MS = 1000;
const TONES: Readonly<Record<Job["state"], Tone>> = {
  queued: "info",
  running: "info",
  done: "good",
  failed: "bad",
  cancelled: "off",
};
const OUTCOMES: Readonly<Record<JobResultRow["outcome"], Tone>> = { ok: "good", skipped: "off", failed: "bad" };

/** The state of a job in words. */
export function JobState({ job }: { job: Job }) {
  const { t } = useTranslation();
  return (
    <StateTag tone={TONES[job.state]}>{job.cancelling ? t("jobs.cancelling") : t(`jobs.states.${job.state}`)}</StateTag>
  );
}

const isOver = (job: Job): boolean => job.endedAt !== null;

/**
 * A job: how far, how long still, a way to cancel it, and what became of each item. It reads the job by its id, so it goes
 * on where it was when the person comes back. `own`: the person's own job, which needs no permission.
 */
export function JobView({ id, own = false }: { id: string; own?: boolean }) {
  const { t } = useTranslation();
  const { data: job, error, isError, refetch } = useEndpoint(own ? readMyJob : readJob, { id }, { refetch: LOOK_MS });
  const mayCancel = useMay(cancelJob.name) || own;
  const cancelling = useAction(own ? cancelMyJob : cancelJob);
  if (isError && !job) return <ErrorPanel error={error} retry={() => void refetch()} />;
  if (job?.id !== id) return <Loading />;
  const left = remainingMs(job, Date.now());
  const cancel = mayCancel && !job.cancelling ? () => cancelling.mutate({ id }) : undefined;
  return (
    <div className="job">
      {!isOver(job) && job.total !== null && (
        <Progress
          title={job.title}
          done={job.done}
          of={job.total}
          background
          {...(left !== undefined && { remainingMs: left })}
          {...(cancel && { cancel })}
        />
      )}
      {!isOver(job) && job.total === null && cancel && (
        <p>
          <Button size="small" onClick={cancel} loading={cancelling.isPending}>
            {t("jobs.cancel")}
          </Button>
        </p>
      )}
      <Problem error={cancelling.error} />
      {job.message && <p className={job.state === "failed" ? "note note-bad" : "note"}>{job.message}</p>}
      <Facts
        items={[
          [t("terms.state"), <JobState key="state" job={job} />],
          [t("jobs.progress"), progressOf(job, t("jobs.unknownTotal", { done: job.done }))],
          [t("jobs.startedBy"), job.startedBy.name],
          [t("terms.started"), job.startedAt && <Time at={job.startedAt} />],
          [t("terms.ended"), job.endedAt && <Time at={job.endedAt} />],
        ]}
      />
      {job.results > 0 && <Results id={id} own={own} live={!isOver(job)} />}
    </div>
  );
}

const progressOf = ({ done, total }: Job, open: string): string =>
  total === null ? (done > 0 ? open : "") : `${done} / ${total}`;

function Results({ id, own, live }: { id: string; own: boolean; live: boolean }) {
  const { t } = useTranslation();
  const columns: readonly Column<JobResultRow>[] = [
    { key: "number", title: "#", width: "56px", narrow: "44px", always: true, render: ({ number }) => number },
    {
      key: "outcome",
      title: t("jobs.outcome"),
      width: "96px",
      narrow: "84px",
      render: ({ outcome }) => <StateTag tone={OUTCOMES[outcome]}>{t(`jobs.outcomes.${outcome}`)}</StateTag>,
    },
    { key: "subject", title: t("jobs.subject"), width: "minmax(110px, 1fr)", render: ({ subject }) => subject },
    {
      key: "message",
      title: t("jobs.message"),
      width: "minmax(110px, 2fr)",
      render: ({ message }) => <span title={message}>{message}</span>,
    },
  ];
  const filters: readonly Filter[] = [
    {
      name: "outcome",
      param: "outcome",
      label: t("jobs.outcome"),
      kind: "choice",
      choices: (["ok", "skipped", "failed"] as const).map((value) => ({ value, label: t(`jobs.outcomes.${value}`) })),
    },
  ];
  return (
    <div className="job-results">
      <ListPage
        inside="results"
        title={t("jobs.results")}
        endpoint={own ? listMyJobResults : listJobResults}
        input={{ id }}
        columns={columns}
        filters={filters}
        idOf={({ number }) => String(number)}
        nameOf={({ subject }) => subject}
        panel={({ outcome, subject, message }) => (
          <Facts
            items={[
              [
                t("jobs.outcome"),
                <StateTag key="o" tone={OUTCOMES[outcome]}>
                  {t(`jobs.outcomes.${outcome}`)}
                </StateTag>,
              ],
              [t("jobs.subject"), subject],
              [t("jobs.message"), message],
            ]}
          />
        )}
        empty={{ title: t("jobs.noResults"), text: t("jobs.noResultsText") }}
        {...(live && { refetch: LOOK_MS * 2 })}
      />
    </div>
  );
}
