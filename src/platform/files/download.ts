import { stringify } from "csv-stringify/sync";
import { type Delivery, Fault } from "../../core/index.ts";
import { guarded, guardedText } from "./cells.ts";
import { MOST_TEXT } from "./limits.ts";
import type { FileFormat } from "./schema.ts";
import { writeRows } from "./sheet.ts";

type Row = readonly string[];

const CSV = "text/csv; charset=utf-8";
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/** Without it spreadsheets take the file for another encoding. */
const BYTE_ORDER_MARK = "\uFEFF";

const csvOf = (rows: readonly Row[]): Buffer => Buffer.from(stringify(rows.map((row) => row.map(guarded))));

/**
 * A table as a file to be downloaded; `pages` are read while the client takes them, after the transaction has ended. A
 * CSV is sent page by page, an XLSX is written as a whole.
 */
export const fileOf = (table: {
  /** Without its ending. */
  readonly name: string;
  readonly format: FileFormat;
  readonly head: Row;
  readonly pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
}): Delivery => ({
  kind: "download",
  fileName: `${table.name}.${table.format}`,
  mediaType: table.format === "csv" ? CSV : XLSX,
  body: table.format === "csv" ? csvPages(table) : xlsxFile(table),
});

type Table = Parameters<typeof fileOf>[0];

async function* csvPages({ head, pages }: Table): AsyncIterable<Uint8Array> {
  yield Buffer.concat([Buffer.from(BYTE_ORDER_MARK), csvOf([head])]);
  for await (const rows of pages) yield csvOf(rows);
}

async function* xlsxFile({ head, pages }: Table): AsyncIterable<Uint8Array> {
  const all = [head];
  let text = 0;
  for await (const rows of pages) {
    for (const row of rows) {
      text += row.reduce((sum, cell) => sum + cell.length, 0);
      if (text > MOST_TEXT) throw new Fault("invalid", "That is too much for an XLSX file. Take CSV.");
      all.push(row.map(guardedText));
    }
  }
  yield await writeRows(all);
}

/** All pages of a list, until it ends or so many rows are read. */
export async function* pagesOf<T>(
  read: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
  most: number,
): AsyncIterable<readonly T[]> {
  let cursor: string | undefined;
  let count = 0;
  do {
    const page = await read(cursor);
    yield page.items;
    count += page.items.length;
    cursor = page.next ?? undefined;
  } while (cursor && count < most);
}
