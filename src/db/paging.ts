import { type SelectQueryBuilder, type StringReference, sql } from "kysely";
import { z } from "zod";
import { Fault } from "../core/index.ts";

type Direction = "asc" | "desc";

/** The order of a list and the page that is asked for. */
export interface Paging<DB, TB extends keyof DB> {
  /** The column that orders the list. It must be NOT NULL. */
  readonly by: StringReference<DB, TB>;
  /** The unique column that decides between equal values. */
  readonly id: StringReference<DB, TB>;
  readonly direction?: Direction;
  readonly limit: number;
  /** `next` of the page before; undefined for the first page. */
  readonly cursor?: string | undefined;
}

const Cursor = z.strictObject({ by: z.string(), to: z.enum(["asc", "desc"]), key: z.string(), id: z.string() });
type Cursor = z.output<typeof Cursor>;

/**
 * Runs `query` (any select without order, limit or grouping) and returns one page and the cursor of the next, null on
 * the last. Values are compared by the database exactly, microseconds included. Fault `invalid` for a cursor that is
 * damaged or that belongs to another order.
 */
export async function page<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  paging: Paging<DB, TB>,
): Promise<{ items: O[]; next: string | null }> {
  const { by, id, direction = "asc", limit } = paging;
  const order = { by, to: direction };
  const from = paging.cursor === undefined ? null : decodeCursor(paging.cursor, order);
  const column = sql.ref(by);
  const tie = sql.ref(id);
  const sign = direction === "asc" ? sql`>` : sql`<`;
  let ordered = query
    .select([sql<string>`${column}::text`.as("page_key"), sql<string>`${tie}::text`.as("page_id")])
    .orderBy(column, direction)
    .orderBy(tie, direction)
    .limit(limit + 1);
  if (from) ordered = ordered.where(sql<boolean>`(${column}, ${tie}) ${sign} (${from.key}, ${from.id})`);
  const rows = (await ordered.execute().catch((error) => {
    throw from && isBadValue(error) ? badCursor(error) : error;
  })) as unknown as Keyed<O>[];
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const next = last ? encodeCursor({ ...order, key: last.page_key, id: last.page_id }) : null;
  return { items: shown.map(withoutKeys), next };
}

type Keyed<O> = O & { page_key: string; page_id: string };

function withoutKeys<O>(row: Keyed<O>): O {
  const { page_key, page_id, ...item } = row;
  return item as O;
}

/** An opaque cursor. Throws when a key is null: the ordering column must be NOT NULL. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(Cursor.parse(cursor))).toString("base64url");
}

/** Reads a cursor back; Fault `invalid` unless it is whole and made for this order. */
export function decodeCursor(text: string, order: Pick<Cursor, "by" | "to">): Cursor {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (error) {
    throw badCursor(error);
  }
  const cursor = Cursor.safeParse(value);
  if (!cursor.success || cursor.data.by !== order.by || cursor.data.to !== order.to) throw badCursor();
  return cursor.data;
}

const badCursor = (cause?: unknown): Fault =>
  new Fault(
    "invalid",
    "The page cursor is not valid for this list. Start again from the first page.",
    undefined,
    cause,
  );

/** SQLSTATE class 22, data exception: a key that the column's type cannot read. */
function isBadValue(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("22");
}
