import { useTranslation } from "react-i18next";
import { listMyJobs } from "../../../../src/platform/schema.ts";
import { JobList } from "./job-list.tsx";

/** The person's own jobs. */
export function Page() {
  const { t } = useTranslation();
  return <JobList endpoint={listMyJobs} title={t("jobs.mine")} home="/jobs" />;
}
