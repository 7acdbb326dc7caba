import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { readJob, readMyJob } from "../../../../src/platform/schema.ts";
import { JobView, useTitle } from "../../kit/index.ts";
import { useEndpoint } from "../../query.ts";

/** The page of a job: its title, the way back, and the job itself. */
export function JobPage({ home, own = false }: { home: string; own?: boolean }) {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const title = useEndpoint(own ? readMyJob : readJob, { id }).data?.title ?? t("jobs.one");
  useTitle(title);
  return (
    <div className="job-page">
      <header>
        <Link to={home} className="crumb">
          ‹ {own ? t("jobs.mine") : t("jobs.title")}
        </Link>
        <h1>{title}</h1>
      </header>
      <JobView id={id} own={own} />
    </div>
  );
}
