import { Fault } from "../../core/index.ts";

const FORMULA = /^'*[=+\-@\t\r]/;

/** For CSV: what a spreadsheet would take for a formula begins with an apostrophe, and what began with one, with two. */
export const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** For XLSX, whose cells are text: only what `withoutGuard` would take an apostrophe from gets one. */
export const guardedText = (text: string): string => (text.startsWith("'") ? guarded(text) : text);

/** What stood in the cell before it was guarded. */
export const withoutGuard = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text;

const YES = new Set(["yes", "y", "true", "1", "x", "active", "enabled", "是", "启用"]);
const NO = new Set(["no", "n", "false", "0", "inactive", "disabled", "否", "禁用"]);

/** Fault `invalid` for what is neither yes nor no; `title` names the column. */
export function truthOf(title: string, text: string): boolean {
  const word = text.toLowerCase();
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  throw new Fault("invalid", `${title}: write yes or no.`);
}

/** A moment in ISO 8601; a day begins at midnight UTC. Fault `invalid` for what is none. */
export function momentOf(title: string, text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  const moment = match && new Date(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? ":00"}${match[4] ?? "Z"}`);
  if (!moment || Number.isNaN(moment.getTime())) throw new Fault("invalid", `${title}: write a day as 2027-01-31.`);
  return moment.toISOString();
}

/** What the columns of a file may be called, in lower case; the first is what exports write. */
export type Titles<F extends string> = Readonly<Record<F, readonly [string, ...string[]]>>;

/** The column's name as exports write it. */
export function titleOf<F extends string>(titles: Titles<F>, field: F): string {
  const [first] = titles[field];
  return first.charAt(0).toUpperCase() + first.slice(1);
}

/** Which field each column is; null: none that is known. */
export function fieldsOf<F extends string>(titles: Titles<F>, head: readonly string[]): (F | null)[] {
  const known = Object.entries(titles) as [F, readonly string[]][];
  return head.map((title) => {
    const wanted = title.trim().toLowerCase();
    return known.find(([field, words]) => words.includes(wanted) || field.toLowerCase() === wanted)?.[0] ?? null;
  });
}

/** What keeps a file with these columns from being imported; null: nothing. `needed`: the column that names a row. */
export function columnProblem<F extends string>(
  titles: Titles<F>,
  fields: readonly (F | null)[],
  needed: F,
): string | null {
  if (!fields.includes(needed))
    return `The first line must name the columns, and one must be "${titleOf(titles, needed)}".`;
  const twice = fields.find((field, index) => field && fields.indexOf(field) !== index);
  return twice ? `Two columns are "${titleOf(titles, twice)}". Remove one.` : null;
}
