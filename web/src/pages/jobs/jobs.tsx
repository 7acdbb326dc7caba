import { useTranslation } from "react-i18next";
import { listJobs } from "../../../../src/platform/schema.ts";
import { JobList } from "./job-list.tsx";

/** The jobs of the organization. */
export function Page() {
  const { t } = useTranslation();
  return <JobList endpoint={listJobs} title={t("jobs.title")} home="/console/jobs" />;
}
