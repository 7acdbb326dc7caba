import type { Job } from "../../../src/platform/schema.ts";

/** How long a job will take still, from what was done so far; undefined while nobody can tell. */
export function remainingMs(
  { done, total, startedAt }: Pick<Job, "done" | "total" | "startedAt">,
  now: number,
): number | undefined {
  if (!startedAt || !total || done === 0) return undefined;
  return ((now - Date.parse(startedAt)) / done) * (total - done);
}
