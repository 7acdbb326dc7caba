import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { StateTag } from "./pieces.tsx";

/** How an audit event can end. */
export const OUTCOMES = [
  "ok",
  "denied",
  "unauthenticated",
  "unconfirmed",
  "invalid",
  "not_found",
  "conflict",
  "too_large",
  "too_many",
  "upstream",
  "unavailable",
  "timeout",
  "error",
] as const;
type Known = (typeof OUTCOMES)[number];

const isKnown = (outcome: string): outcome is Known => OUTCOMES.some((each) => each === outcome);

/** An audit event's outcome in words; one that this console does not know stays as it is. */
export const outcomeText = (t: TFunction, outcome: string): string =>
  isKnown(outcome) ? t(`kit.outcomes.${outcome}`) : outcome;

/** The same as a tag. */
export function Outcome({ outcome }: { outcome: string }) {
  const { t } = useTranslation();
  const tone = outcome === "ok" ? "good" : outcome === "denied" ? "warn" : "bad";
  return (
    <StateTag tone={tone}>
      <span title={outcome}>{outcomeText(t, outcome)}</span>
    </StateTag>
  );
}
