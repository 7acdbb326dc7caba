const STEPS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

const relative = new Map<string, Intl.RelativeTimeFormat>();
const exact = new Map<string, Intl.DateTimeFormat>();

const cached = <T>(map: Map<string, T>, key: string, make: () => T): T => {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
};

/** "3 minutes ago" in the language; null within 45 seconds around now. */
export function relativeTime(at: string, now: number, language: string): string | null {
  const seconds = (new Date(at).getTime() - now) / 1000;
  if (Math.abs(seconds) < 45) return null;
  const format = cached(relative, language, () => new Intl.RelativeTimeFormat(language, { numeric: "auto" }));
  const [unit, size] = STEPS.find(([, least]) => Math.abs(seconds) >= least) ?? ["minute", 60];
  return format.format(Math.trunc(seconds / size) || Math.sign(seconds), unit);
}

let zone: string | undefined;

/** In which zone exact times are told from now on; null: the device's own. */
export function tellTimesIn(timeZone: string | null): void {
  zone = timeZone ?? undefined;
}

/** The full date and time with the zone, in the zone of the person. */
export function exactTime(at: string | Date, language: string): string {
  const format = cached(
    exact,
    `${language} ${zone ?? ""}`,
    () => new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long", ...(zone && { timeZone: zone }) }),
  );
  return format.format(new Date(at));
}

/** 62_000 → "1:02", 3_661_000 → "1:01:01": length of a session or a place in a recording. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** 1_234_567 → "1.2 MB" in the language. */
export function bytes(count: number, language: string): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: UNITS[step],
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(count / 1000 ** step);
}
