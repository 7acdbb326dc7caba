import { z } from "zod";
import { plain } from "./secret.ts";

/** The days of a week, in order. */
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const DAY_MINUTES = 1440;
const DAY_MS = 86_400_000;
/** Two weeks: a range that fell into the hour a clock skips comes back a week later. */
const DAYS_AHEAD = 15;

/** A name of the IANA list; an offset like +01:00 has no summer and is none. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return clockOf(zone) !== null;
  } catch {
    return false;
  }
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

const From = plain(z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Give a time from 00:00 to 23:59."));
const To = plain(z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "Give a time from 00:00 to 24:00."));

/** From a time on a weekday until another: on the same day, or on the next when it is not later. 24:00 is the day's end. */
const WeeklyRange = z
  .object({ day: z.enum(WEEKDAYS), from: From, to: To })
  .refine(({ from, to }) => from !== to, "The end must differ from the start; a whole day is 00:00 to 24:00.");

/** Ranges of a week, as the clocks of a time zone show them. */
export const WeeklyTimes = z.object({
  zone: plain(z.string().max(64).refine(isTimeZone, "Not a time zone, as Europe/Berlin is one.")),
  ranges: z.array(WeeklyRange).min(1, "Give at least one range; leave the times out for always.").max(50),
});
/** Ranges of a week, in a time zone. */
export type WeeklyTimes = z.output<typeof WeeklyTimes>;

/** What the clock on the wall shows, as if it were UTC. */
type Clock = (moment: number) => number;
const clocks = new Map<string, Clock>();
const MOST_CLOCKS = 700;

function clockOf(zone: string): Clock {
  const known = clocks.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const clock: Clock = (moment) => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(moment)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  if (clocks.size >= MOST_CLOCKS) clocks.clear();
  clocks.set(zone, clock);
  return clock;
}

/**
 * Whether the moment (ms since 1970) lies in one of the ranges: by what the clocks there show, so an hour that comes
 * twice counts twice.
 */
export function isWithinTimes({ zone, ranges }: WeeklyTimes, moment: number): boolean {
  const wall = new Date(clockOf(zone)(moment));
  const minute = wall.getUTCHours() * 60 + wall.getUTCMinutes();
  const today = (wall.getUTCDay() + 6) % 7;
  const yesterday = (today + 6) % 7;
  return ranges.some(({ day, from, to }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)];
    const place = WEEKDAYS.indexOf(day);
    if (start < end) return place === today && start <= minute && minute < end;
    return (place === today && start <= minute) || (place === yesterday && minute < end);
  });
}

/** The next moment after this one (ms since 1970) at which `isWithinTimes` answers otherwise; null: never. */
export function nextTimesChange(times: WeeklyTimes, moment: number): number | null {
  const holds = isWithinTimes(times, moment);
  const found = boundaries(times, moment).find((at) => at > moment && isWithinTimes(times, at) !== holds);
  return found ?? null;
}

/** Every moment of the next two weeks at which the answer can change, and some at which it cannot: in order. */
function boundaries({ zone, ranges }: WeeklyTimes, moment: number): number[] {
  const clock = clockOf(zone);
  const offset = (at: number): number => clock(at) - Math.floor(at / 1000) * 1000;
  const midnight = Math.floor(clock(moment) / DAY_MS) * DAY_MS;
  const minutes = [...new Set(ranges.flatMap(({ from, to }) => [minutesOf(from), minutesOf(to) % DAY_MINUTES]))];
  const found = new Set<number>();
  for (let day = -1; day <= DAYS_AHEAD; day++) {
    const wall = midnight + day * DAY_MS;
    // The day on the wall lies between these, whatever the zone.
    const [before, after] = [wall - DAY_MS, wall + 2 * DAY_MS];
    const [early, late] = [offset(before), offset(after)];
    for (const minute of minutes) for (const off of [early, late]) found.add(wall + minute * 60_000 - off);
    if (early !== late) found.add(turnOf(offset, before, after));
  }
  return [...found].sort((one, other) => one - other);
}

/** The moment between the two at which clocks are turned. */
function turnOf(offset: (at: number) => number, before: number, after: number): number {
  const early = offset(before);
  let [low, high] = [before, after];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offset(middle) === early) low = middle;
    else high = middle;
  }
  return Math.ceil(high / 1000) * 1000;
}
