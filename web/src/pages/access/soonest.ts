import type { Grant } from "../../../../src/assets/schema.ts";

const SOON_MS = 30 * 86_400_000;

/** The rules that still grant something and end within 30 days, the next one first. */
export const soonest = (rules: readonly Grant[], now: number): readonly Grant[] =>
  rules
    .filter(({ active, expiresAt }) => {
      const left = expiresAt === null ? Number.POSITIVE_INFINITY : new Date(expiresAt).getTime() - now;
      return active && left > 0 && left <= SOON_MS;
    })
    .toSorted((a, b) => new Date(a.expiresAt!).getTime() - new Date(b.expiresAt!).getTime());
