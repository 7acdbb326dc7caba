import type { Standing } from "../../assets/index.ts";

const MINUTE = 60_000;

/** What a person is told whose session goes on though its rules ended; null: rules in force give it again. */
export function wordsOfOutliving(outlives: Standing["outlives"], now: Date): string {
  if (!outlives) return "The permission for this session was given again.";
  const { until } = outlives;
  if (!until) return "The permission for this session ended. You may finish here; no new session will be let in.";
  const minutes = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / MINUTE));
  const left = minutes === 1 ? "1 minute" : `${minutes} minutes`;
  return `The permission for this session ended. It will be closed in ${left}: save your work.`;
}
