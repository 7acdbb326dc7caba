import { useTranslation } from "react-i18next";
import { type Job, type listJobs, listMyJobs } from "../../../../src/platform/schema.ts";
import { type Column, type Filter, JobState, ListPage, Time } from "../../kit/index.ts";

const LOOK_MS = 3000;
const STATES = ["queued", "running", "done", "failed", "cancelled"] as const;

/** Jobs, newest first; `home` is where their pages are. */
export function JobList({ endpoint, title, home }: { endpoint: typeof listJobs; title: string; home: string }) {
  const { t } = useTranslation();
  const own = endpoint === listMyJobs;
  const columns: readonly Column<Job>[] = [
    {
      key: "title",
      title: t("terms.name"),
      width: "minmax(140px, 2fr)",
      always: true,
      render: (job) => <span className="strong">{job.title}</span>,
    },
    {
      key: "state",
      title: t("terms.state"),
      width: "150px",
      narrow: "104px",
      render: (job) => <JobState job={job} />,
    },
    {
      key: "progress",
      title: t("jobs.progress"),
      width: "110px",
      wide: true,
      render: ({ done, total }) => (total === null ? <span className="muted">–</span> : `${done} / ${total}`),
    },
    ...(own
      ? []
      : [
          {
            key: "startedBy",
            title: t("jobs.startedBy"),
            width: "minmax(110px, 160px)",
            wide: true,
            render: ({ startedBy }: Job) => startedBy.name,
          },
        ]),
    {
      key: "created",
      title: t("terms.created"),
      width: "130px",
      narrow: "96px",
      render: (job) => <Time at={job.createdAt} />,
    },
    {
      key: "kind",
      title: t("jobs.kind"),
      width: "130px",
      hidden: true,
      render: ({ kind }) => <span className="mono">{kind}</span>,
    },
  ];
  const filters: readonly Filter[] = [
    {
      name: "state",
      param: "state",
      label: t("terms.state"),
      kind: "choice",
      choices: STATES.map((value) => ({ value, label: t(`jobs.states.${value}`) })),
    },
    { name: "kind", param: "kind", label: t("jobs.kind"), kind: "text" },
  ];
  return (
    <ListPage
      title={title}
      endpoint={endpoint}
      columns={columns}
      filters={filters}
      nameOf={(job) => job.title}
      href={(job) => `${home}/${job.id}`}
      empty={{ title: t("jobs.emptyTitle"), text: t("jobs.emptyText") }}
      refetch={LOOK_MS}
    />
  );
}
