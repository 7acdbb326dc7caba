import { describe, expect, test } from "vitest";
import { isWithinTimes, nextTimesChange, WEEKDAYS, WeeklyTimes } from "./index.ts";

const at = (text: string): number => Date.parse(text);
const times = (zone: string, ...ranges: [(typeof WEEKDAYS)[number], string, string][]): WeeklyTimes => ({
  zone,
  ranges: ranges.map(([day, from, to]) => ({ day, from, to })),
});
const next = (known: WeeklyTimes, moment: string): string | null => {
  const found = nextTimesChange(known, at(moment));
  return found === null ? null : new Date(found).toISOString();
};

// 2026-11-25 is a Wednesday. Berlin: clocks go forward on 2026-03-29, back on 2026-10-25.
const OFFICE = times("Europe/Berlin", ["wednesday", "08:00", "18:00"]);
const NIGHT = times("Europe/Berlin", ["wednesday", "22:00", "06:00"]);

describe("whether a moment lies in the times", () => {
  test.each([
    ["the minute before the start", OFFICE, "2026-11-25T06:59:59Z", false],
    ["the second of the start", OFFICE, "2026-11-25T07:00:00Z", true],
    ["the last second", OFFICE, "2026-11-25T16:59:59.999Z", true],
    ["the second of the end", OFFICE, "2026-11-25T17:00:00Z", false],
    ["another day", OFFICE, "2026-11-26T09:00:00Z", false],
    ["in summer the same hour of the wall", OFFICE, "2026-07-01T06:00:00Z", true],
    ["in summer an hour of the winter", OFFICE, "2026-07-01T16:30:00Z", false],
    ["over midnight: the evening", NIGHT, "2026-11-25T22:00:00Z", true],
    ["over midnight: the morning after", NIGHT, "2026-11-26T04:59:59Z", true],
    ["over midnight: its end", NIGHT, "2026-11-26T05:00:00Z", false],
    ["over midnight: not the morning of the day itself", NIGHT, "2026-11-25T04:00:00Z", false],
    ["a whole day, its first second", times("UTC", ["wednesday", "00:00", "24:00"]), "2026-11-25T00:00:00Z", true],
    ["a whole day, its last second", times("UTC", ["wednesday", "00:00", "24:00"]), "2026-11-25T23:59:59Z", true],
    ["a whole day, the next", times("UTC", ["wednesday", "00:00", "24:00"]), "2026-11-26T00:00:00Z", false],
    ["until 00:00 is until midnight", times("UTC", ["wednesday", "22:00", "00:00"]), "2026-11-25T23:59:00Z", true],
    ["until 00:00 is not after it", times("UTC", ["wednesday", "22:00", "00:00"]), "2026-11-26T00:00:00Z", false],
    ["Sunday's night reaches into Monday", times("UTC", ["sunday", "23:00", "01:00"]), "2026-11-30T00:30:00Z", true],
    [
      "the hour that comes twice, first",
      times("Europe/Berlin", ["sunday", "02:00", "03:00"]),
      "2026-10-25T00:30:00Z",
      true,
    ],
    [
      "the hour that comes twice, again",
      times("Europe/Berlin", ["sunday", "02:00", "03:00"]),
      "2026-10-25T01:30:00Z",
      true,
    ],
    ["the hour that is skipped", times("Europe/Berlin", ["sunday", "02:00", "03:00"]), "2026-03-29T01:00:00Z", false],
    [
      "a zone beyond the date line",
      times("Pacific/Kiritimati", ["thursday", "00:00", "01:00"]),
      "2026-11-25T10:00:00Z",
      true,
    ],
    ["a zone with half an hour", times("Asia/Kolkata", ["wednesday", "05:30", "05:31"]), "2026-11-25T00:00:30Z", true],
  ])("%s", (_, known, moment, expected) => {
    expect(isWithinTimes(known, at(moment))).toBe(expected);
  });
});

describe("the next change", () => {
  test.each([
    ["the start of today", OFFICE, "2026-11-25T06:00:00Z", "2026-11-25T07:00:00.000Z"],
    ["the end of today", OFFICE, "2026-11-25T07:00:00Z", "2026-11-25T17:00:00.000Z"],
    ["a week later", OFFICE, "2026-11-25T17:00:00Z", "2026-12-02T07:00:00.000Z"],
    [
      "over the turn of the clocks",
      times("Europe/Berlin", ["sunday", "08:00", "09:00"]),
      "2026-10-24T12:00:00Z",
      "2026-10-25T07:00:00.000Z",
    ],
    [
      "into a skipped hour: the turn itself",
      times("Europe/Berlin", ["sunday", "01:00", "02:30"]),
      "2026-03-29T00:30:00Z",
      "2026-03-29T01:00:00.000Z",
    ],
    [
      "a skipped range: a week later",
      times("Europe/Berlin", ["sunday", "02:10", "02:50"]),
      "2026-03-28T12:00:00Z",
      "2026-04-05T00:10:00.000Z",
    ],
    [
      "a range that ends twice ends at the first",
      times("Europe/Berlin", ["sunday", "01:00", "02:30"]),
      "2026-10-25T00:00:00Z",
      "2026-10-25T00:30:00.000Z",
    ],
    [
      "and begins again when the clocks are turned back",
      times("Europe/Berlin", ["sunday", "01:00", "02:30"]),
      "2026-10-25T00:30:00Z",
      "2026-10-25T01:00:00.000Z",
    ],
    [
      "ranges that touch are one",
      times("UTC", ["wednesday", "08:00", "12:00"], ["wednesday", "12:00", "14:00"]),
      "2026-11-25T09:00:00Z",
      "2026-11-25T14:00:00.000Z",
    ],
  ])("%s", (_, known, moment, expected) => {
    expect(next(known, moment)).toBe(expected);
  });

  test("never comes where the whole week is covered", () => {
    const always = times(
      "Europe/Berlin",
      ...WEEKDAYS.map((day): [typeof day, string, string] => [day, "00:00", "24:00"]),
    );
    expect(next(always, "2026-10-24T12:00:00Z")).toBeNull();
  });

  test("is the first minute that answers otherwise, for random weeks around the turns of clocks", () => {
    let seed = 7;
    const below = (count: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (seed >> 8) % count;
    };
    const two = (value: number): string => String(value).padStart(2, "0");
    const time = (): string => `${two(below(24))}:${two(below(4) * 15)}`;
    const zones = [
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
      "UTC",
      "Africa/Cairo",
      "America/Santiago",
    ];
    const starts = [
      "2026-03-28T00:00:00Z",
      "2026-10-24T00:00:00Z",
      "2026-11-01T00:00:00Z",
      "2026-04-04T00:00:00Z",
      "2026-09-05T12:00:00Z",
    ];
    for (let round = 0; round < 60; round++) {
      const ranges = Array.from(
        { length: 1 + below(4) },
        () => [WEEKDAYS[below(7)]!, time(), time()] as [(typeof WEEKDAYS)[number], string, string],
      ).filter(([, from, to]) => from !== to);
      if (ranges.length === 0) continue;
      const known = times(zones[below(zones.length)]!, ...ranges);
      const start = at(starts[below(starts.length)]!) + below(48 * 60) * 60_000;
      const found = nextTimesChange(known, start);
      const holds = isWithinTimes(known, start);
      let walked: number | null = null;
      for (let minute = 1; minute < 4 * 1440 && walked === null; minute++)
        if (isWithinTimes(known, start + minute * 60_000) !== holds) walked = start + minute * 60_000;
      const fits = walked === null ? found === null || found > start + 4 * DAY - 60_000 : found === walked;
      expect([fits, known, new Date(start)]).toEqual([true, known, new Date(start)]);
    }
  });
});

const DAY = 86_400_000;

test.each([
  ["no range", { zone: "UTC", ranges: [] }],
  ["a range of nothing", { zone: "UTC", ranges: [{ day: "monday", from: "08:00", to: "08:00" }] }],
  ["a start at 24:00", { zone: "UTC", ranges: [{ day: "monday", from: "24:00", to: "08:00" }] }],
  ["minutes that are none", { zone: "UTC", ranges: [{ day: "monday", from: "08:60", to: "09:00" }] }],
  ["after 24:00", { zone: "UTC", ranges: [{ day: "monday", from: "08:00", to: "24:01" }] }],
  ["a day that is none", { zone: "UTC", ranges: [{ day: "someday", from: "08:00", to: "09:00" }] }],
  ["a zone that is none", { zone: "Europe/Atlantis", ranges: [{ day: "monday", from: "08:00", to: "09:00" }] }],
  ["an offset in place of a zone", { zone: "+01:00", ranges: [{ day: "monday", from: "08:00", to: "09:00" }] }],
])("%s is refused", (_, input) => {
  expect(WeeklyTimes.safeParse(input).success).toBe(false);
});
