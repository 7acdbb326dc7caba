import { canonicalJson, parseExactly } from "./canonical.ts";

/** The columns of table audit_event in canonical text; what is hashed, exported and verified. */
export interface EventRow {
  readonly id: string;
  readonly org_id: string | null;
  /** UTC with microseconds. */
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor_kind: string;
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly address: string | null;
  readonly via: string;
  readonly target_kind: string | null;
  readonly target_id: string | null;
  readonly target_name: string | null;
  /** JSON text. */
  readonly fields: string;
}

const COLUMNS = [
  "id",
  "org_id",
  "at",
  "action",
  "outcome",
  "actor_kind",
  "actor_id",
  "actor_name",
  "address",
  "via",
  "target_kind",
  "target_id",
  "target_name",
  "fields",
] as const satisfies readonly (keyof EventRow)[];

/** The moment of table alias `e` as text; whatever is outside the years 1 to 9999 as PostgreSQL prints it. */
export const MOMENT_SQL = `case when e.at >= '0001-01-01Z' and e.at < '10000-01-01Z'
  then to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else e.at::text end`;

const EXPRESSIONS: Partial<Record<keyof EventRow, string>> = {
  at: `${MOMENT_SQL} as at`,
  fields: "e.fields::text as fields",
};

/** The select list that reads an EventRow from table alias `e`. */
export const EVENT_SQL = COLUMNS.map((column) => EXPRESSIONS[column] ?? `e.${column}`).join(", ");

const SORTED = COLUMNS.toSorted();

/** The bytes that enter the hash chain: the canonical JSON of every column. */
export function canonicalEvent(row: EventRow): string {
  let text = "";
  for (const column of SORTED) {
    const value = column === "fields" ? canonicalJson(parseExactly(row.fields)) : JSON.stringify(row[column]);
    text += `${text === "" ? "{" : ","}"${column}":${value}`;
  }
  return `${text}}`;
}

/** The row of an event that was written by `canonicalEvent` and parsed by `parseExactly`; null for another shape. */
export function eventRowOf(event: unknown): EventRow | null {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return null;
  const found = event as Record<string, unknown>;
  if (Object.keys(found).length !== COLUMNS.length) return null;
  const row: Record<string, unknown> = {};
  for (const column of COLUMNS) {
    if (!(column in found)) return null;
    const value = column === "fields" ? canonicalJson(found.fields) : found[column];
    if (value !== null && typeof value !== "string") return null;
    row[column] = value;
  }
  return row as unknown as EventRow;
}
