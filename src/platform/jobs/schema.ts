import { z } from "zod";
import { endpoint, listInput, listOutput } from "../../core/endpoint.ts";
import { Id, Moment, plain } from "../../core/fields.ts";

const Text = plain(z.string());
const Count = z.number().int();

const JobState = z.enum(["queued", "running", "done", "failed", "cancelled"]);

export const Job = z.object({
  id: Id,
  kind: Text,
  title: Text,
  /** The id is null when the program started it, or when the person is gone. */
  startedBy: z.object({ id: Id.nullable(), name: Text }),
  state: JobState,
  /** Somebody asked it to end, and it has not yet. */
  cancelling: z.boolean(),
  done: Count,
  total: Count.nullable(),
  results: Count,
  /** Why it failed, or its last word. */
  message: Text.nullable(),
  createdAt: Moment,
  startedAt: Moment.nullable(),
  endedAt: Moment.nullable(),
});
export type Job = z.output<typeof Job>;

export const JobResultRow = z.object({
  number: Count,
  outcome: z.enum(["ok", "skipped", "failed"]),
  subject: Text,
  message: Text,
});
export type JobResultRow = z.output<typeof JobResultRow>;

const list = listInput({ state: JobState.optional(), kind: plain(z.string().max(64)).optional() });
const results = listInput({ id: Id, outcome: z.enum(["ok", "skipped", "failed"]).optional() });
const one = z.object({ id: Id });

export const listJobs = endpoint({
  route: "GET /jobs",
  name: "job.list",
  title: "List the jobs of the organization, newest first",
  input: list,
  output: listOutput(Job),
});

export const readJob = endpoint({
  route: "GET /jobs/:id",
  name: "job.read",
  title: "Read one job",
  input: one,
  output: Job,
});

export const listJobResults = endpoint({
  route: "GET /jobs/:id/results",
  name: "job.result.list",
  title: "List what became of each item of a job",
  input: results,
  output: listOutput(JobResultRow),
});

export const cancelJob = endpoint({
  route: "POST /jobs/:id/cancel",
  name: "job.cancel",
  title: "Cancel a job; what it has done stays done",
  input: one,
  output: Job,
});

export const listMyJobs = endpoint({
  route: "GET /me/jobs",
  name: "me.job.list",
  title: "List one's own jobs, newest first",
  input: list,
  output: listOutput(Job),
});

export const readMyJob = endpoint({
  route: "GET /me/jobs/:id",
  name: "me.job.read",
  title: "Read one of one's own jobs",
  input: one,
  output: Job,
});

export const listMyJobResults = endpoint({
  route: "GET /me/jobs/:id/results",
  name: "me.job.result.list",
  title: "List what became of each item of one's own job",
  input: results,
  output: listOutput(JobResultRow),
});

export const cancelMyJob = endpoint({
  route: "POST /me/jobs/:id/cancel",
  name: "me.job.cancel",
  title: "Cancel one's own job; what it has done stays done",
  input: one,
  output: Job,
});
