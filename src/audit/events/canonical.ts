/** A number of `jsonb` that JavaScript may not hold exactly: it keeps the text that PostgreSQL prints. */
class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * JSON with keys sorted by UTF-16 units and no spaces, as RFC 8785 (JCS) writes it, restricted to safe integers.
 * Throws RangeError for any other number and TypeError for what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError("Only safe integers have a canonical form");
    return String(value);
  }
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`No canonical form for ${typeof value}`);
  const object = value as Record<string, unknown>;
  const pairs: string[] = [];
  for (const key of Object.keys(object).sort()) {
    if (object[key] !== undefined) pairs.push(`${JSON.stringify(key)}:${canonicalJson(object[key])}`);
  }
  return `{${pairs.join(",")}}`;
}

/** A number stands at the start, or behind a colon, a comma or a bracket; texts that look like it only cost time. */
const MAYBE_INEXACT = /(?:^|[:,[])\s*-?(?:\d+[.eE]|\d{16}|(?<=-)0)/;

/** Parses JSON so that `canonicalJson` keeps every digit of numbers that are not safe integers. */
export function parseExactly(text: string): unknown {
  if (!MAYBE_INEXACT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || String(value) === source) {
      if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    }
    return new ExactNumber(source ?? String(value));
  });
}
