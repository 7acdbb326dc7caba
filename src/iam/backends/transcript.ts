const MOST_LINES = 200;
const LONGEST_LINE = 500;
const MASK = "********";

/** What a backend says while it is tried, without the secrets. */
export interface Transcript {
  say(line: string): void;
  lines(): string[];
  masked(text: string): string;
}

/** `secrets`: whatever must not be shown; texts inside of settings count. */
export function createTranscript(secrets: readonly unknown[]): Transcript {
  const lines: string[] = [];
  const forms = secrets
    .flatMap(textsIn)
    .filter((one) => one !== "")
    .flatMap((one) => [
      one,
      JSON.stringify(one).slice(1, -1),
      encodeURIComponent(one),
      Buffer.from(one).toString("hex"),
    ])
    .toSorted((one, other) => other.length - one.length);
  const masked = (text: string): string => forms.reduce((shown, form) => shown.replaceAll(form, MASK), text);
  return {
    masked,
    lines: () => lines,
    say(text) {
      for (const line of masked(text).split(/\r?\n/)) {
        if (lines.length < MOST_LINES) lines.push(line.slice(0, LONGEST_LINE));
      }
    },
  };
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
