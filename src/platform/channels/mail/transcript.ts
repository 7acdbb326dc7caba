const MOST_LINES = 200;
const LONGEST_LINE = 500;
const MASK = "********";

/** The conversation of one connection, without the secrets. */
export interface Transcript {
  /** For nodemailer. */
  readonly logger: Readonly<Record<string, (...args: unknown[]) => void>>;
  lines(): readonly string[];
  masked(text: string): string;
}

export function createTranscript(secrets: readonly string[]): Transcript {
  const lines: string[] = [];
  const forms = secrets.filter((one) => one !== "").flatMap(formsOf);
  const masked = (text: string): string => forms.reduce((shown, form) => shown.replaceAll(form, MASK), text);

  /** `AUTH PLAIN base64` and the lines that answer a challenge arrive here already masked, in base64. */
  function add(data: unknown, text: unknown): void {
    const { tnx } = (data ?? {}) as { tnx?: string };
    const mark = tnx === "client" ? "> " : tnx === "server" ? "< " : "";
    if (!mark) return;
    for (const line of String(text).split(/\r?\n/)) {
      if (lines.length < MOST_LINES) lines.push(mark + masked(inWords(line)).slice(0, LONGEST_LINE));
    }
  }

  const ignore = (): void => {};
  return {
    logger: { trace: ignore, debug: add, info: ignore, warn: ignore, error: ignore, fatal: ignore },
    lines: () => lines,
    masked,
  };
}

const inWords = (line: string): string =>
  line
    .replace(/^(AUTH \S+) \S+$/, `$1 ${MASK}`)
    .replace(/^[A-Za-z0-9+/]{8,}={0,2}$/, (text) =>
      Buffer.from(text, "base64").toString().includes("/* secret */") ? MASK : text,
    );

/** As it is, and in base64 at each of the three places where it may begin. */
function formsOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
      .toString("base64")
      .replace(/=+$/, "")
      .slice(shift === 0 ? 0 : 4, -2),
  );
  return [secret, ...shifted.filter((form) => form.length >= 4)];
}
