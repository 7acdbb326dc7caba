import { JobPage } from "./job-page.tsx";

/** One job of the organization. */
export const Page = () => <JobPage home="/console/jobs" />;
