/** One `field:value` of a search. */
export interface Token {
  readonly field: string;
  readonly value: string;
}

/** What was typed into a search box: filters by known fields, and the rest as free text. */
export interface Search {
  readonly filters: readonly Token[];
  readonly text: string;
}

const WORD = /([\p{L}\p{N}_.-]+):(?:"((?:[^"\\]|\\.)*)"|(\S+))|"((?:[^"\\]|\\.)*)"|(\S+)/gu;

/**
 * Reads `actor:alice outcome:"not ok" deploy`. A field that is not in `fields` is free text, so that host:port and
 * times can be searched for. Of a field given twice the last one counts.
 */
export function parseSearch(typed: string, fields: readonly string[]): Search {
  const known = new Map(fields.map((field) => [field.toLowerCase(), field]));
  const filters = new Map<string, string>();
  const words: string[] = [];
  for (const [whole, name, quoted, bare, phrase] of typed.matchAll(WORD)) {
    const field = known.get((name ?? "").toLowerCase());
    if (field) {
      filters.delete(field);
      filters.set(field, quoted === undefined ? (bare ?? "") : unescape(quoted));
    } else words.push(phrase === undefined ? whole : unescape(phrase));
  }
  return { filters: [...filters].map(([field, value]) => ({ field, value })), text: words.join(" ") };
}

/** Writes a search so that `parseSearch` reads the same again. */
export function printSearch({ filters, text }: Search): string {
  return [...filters.map(({ field, value }) => `${field}:${quote(value)}`), text.trim()].filter(Boolean).join(" ");
}

/** The search with this filter set, or taken away when the value is empty. */
export function withFilter(search: Search, field: string, value: string): Search {
  const others = search.filters.filter((token) => token.field !== field);
  return { ...search, filters: value === "" ? others : [...others, { field, value }] };
}

/** Splits what is being typed now into the part before the last word and that word. */
export function lastWord(typed: string): { before: string; word: string } {
  const at = typed.lastIndexOf(" ") + 1;
  return { before: typed.slice(0, at), word: typed.slice(at) };
}

const DURATION = /^(\d{1,5})(m|h|d|w)$/;
const UNIT = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A moment as people type it: `2h`, `7d` (so long ago), `2026-11-20`, `2026-11-20T09:30` in the local zone. Null if it is none. */
export function readMoment(value: string, now: Date, end = false): string | null {
  const [, amount, unit] = DURATION.exec(value) ?? [];
  if (amount && unit) return new Date(now.getTime() - Number(amount) * UNIT[unit as keyof typeof UNIT]).toISOString();
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?$/.test(value)) return null;
  const date = new Date(value.length === 10 ? `${value}T${end ? "23:59:59.999" : "00:00:00"}` : value);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

const quote = (value: string): string => (/^[^\s"]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`);
const unescape = (value: string): string => value.replace(/\\(.)/g, "$1");
