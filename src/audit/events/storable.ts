const MAX_TEXT = 4_096;
const MAX_ITEMS = 200;
const MAX_DEPTH = 12;
const MAX_BYTES = 16_384;

/** Text that PostgreSQL can hold: no NUL, no half of a surrogate pair; cut after `max` characters. */
export function storableText(text: string, max = MAX_TEXT): string {
  const whole = text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text;
  return whole.replaceAll("\0", "\uFFFD").toWellFormed();
}

/**
 * The facts of an event as JSON text of at most 16 KiB: numbers that are not safe integers become text, long text,
 * long lists and deep nesting are cut and say so.
 */
export function storableFields(fields: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(storable(fields, 0));
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_BYTES) return text;
  const names = Object.keys(fields)
    .slice(0, 50)
    .map((name) => storableText(name, 100));
  return JSON.stringify({ cut: `The facts took ${bytes} bytes, more than an event may hold`, names });
}

function storable(value: unknown, depth: number): unknown {
  if (value === null || value === undefined || typeof value === "boolean") return value;
  if (typeof value === "string") return storableText(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? value + 0 : String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object") return undefined;
  if (depth >= MAX_DEPTH) return "… (deeper)";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof Error) return storableText(value.message);
  if (ArrayBuffer.isView(value)) return `… (${value.byteLength} bytes)`;
  if (Array.isArray(value) || value instanceof Set) return storableList([...value], depth);
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  const kept = pairs
    .slice(0, MAX_ITEMS)
    .map(([key, item]) => [storableText(String(key), 200), storable(item, depth + 1)]);
  if (pairs.length > MAX_ITEMS) kept.push(["…", `${pairs.length - MAX_ITEMS} more`]);
  return Object.fromEntries(kept);
}

function storableList(items: unknown[], depth: number): unknown[] {
  const kept = items.slice(0, MAX_ITEMS).map((item) => storable(item, depth + 1) ?? null);
  if (items.length > MAX_ITEMS) kept.push(`… (${items.length - MAX_ITEMS} more)`);
  return kept;
}
