import { JobPage } from "./job-page.tsx";

/** One of the person's own jobs. */
export const Page = () => <JobPage home="/jobs" own />;
