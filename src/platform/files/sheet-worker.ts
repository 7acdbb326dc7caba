import { parentPort, workerData } from "node:worker_threads";
import { parse } from "csv-parse/sync";
import { readSheet } from "read-excel-file/node";
import writeSheet from "write-excel-file/node";
import { LONGEST_CELL, MOST_TEXT } from "./limits.ts";

/** What the thread is asked for. */
export type SheetTask =
  | { readonly do: "read"; readonly bytes: Uint8Array; readonly isXlsx: boolean; readonly mostRows: number }
  | { readonly do: "write"; readonly rows: readonly (readonly string[])[] };

/** What it sends back, in this order; `problem` ends it. */
export type SheetMessage =
  | { readonly rows: string[][] }
  | { readonly bytes: Uint8Array }
  | { readonly problem: string }
  | { readonly end: true };

const BATCH = 250;
const MOST_COLUMNS = 100;
const MOST_UNPACKED = 200 * 1024 * 1024;

const send = (message: SheetMessage): void => parentPort?.postMessage(message);

function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "string") return value.slice(0, LONGEST_CELL + 1);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The bytes that the parts of a ZIP file say they unpack to, by its central directory. */
function unpackedBytes(bytes: Buffer): number {
  const end = bytes.lastIndexOf(Buffer.from("504b0506", "hex"));
  if (end < 0) throw new Error("no end of a ZIP file");
  let at = bytes.readUInt32LE(end + 16);
  let total = 0;
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) throw new Error("no entry of a ZIP file");
    total += bytes.readUInt32LE(at + 24);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return total;
}

function readCsv(bytes: Buffer): string[][] {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  return parse(text, {
    bom: true,
    delimiter: [",", ";", "\t"].sort((a, b) => count(text, b) - count(text, a))[0] ?? ",",
    relax_column_count: true,
    skip_empty_lines: false,
    max_record_size: 1_000_000,
  });
}

/** How often a separator stands in the first line. */
const count = (text: string, separator: string): number => (text.split(/\r?\n/, 1)[0] ?? "").split(separator).length;

async function read({ bytes, isXlsx, mostRows }: Extract<SheetTask, { do: "read" }>): Promise<void> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isXlsx && unpackedBytes(buffer) > MOST_UNPACKED)
    return send({ problem: "The file unpacks to more than 200 MB." });
  const rows: readonly (readonly unknown[])[] = isXlsx ? await readSheet(buffer) : readCsv(buffer);
  if (rows.length > mostRows + 1) {
    return send({ problem: `The file holds more than ${mostRows} rows. Split it into several.` });
  }
  if (rows.some((row) => row.length > MOST_COLUMNS)) return send({ problem: "The file has more than 100 columns." });
  let text = 0;
  for (let at = 0; at < rows.length; at += BATCH) {
    const batch = rows.slice(at, at + BATCH).map((row) => row.map(textOf));
    // The same long text may stand in every cell of a small XLSX.
    text += batch.reduce((sum, row) => row.reduce((rest, cell) => rest + cell.length, sum), 0);
    if (text > MOST_TEXT) return send({ problem: "The file holds too much text. Split it into several." });
    send({ rows: batch });
  }
  send({ end: true });
}

async function write(rows: readonly (readonly string[])[]): Promise<void> {
  // Cells of text: a spreadsheet takes none of them for a formula.
  const bytes = await writeSheet(rows.map((row) => row.map((value) => ({ value, type: String })))).toBuffer();
  send({ bytes: new Uint8Array(bytes) });
  send({ end: true });
}

const task = workerData as SheetTask;
try {
  await (task.do === "read" ? read(task) : write(task.rows));
} catch (error) {
  const isCsv = task.do === "read" && !task.isXlsx;
  const encoding = error instanceof TypeError && isCsv;
  if (encoding) send({ problem: "The file is not UTF-8. Save it as CSV UTF-8, or as XLSX." });
  else send({ problem: isCsv ? "The file is no CSV that can be read." : "The file is no XLSX that can be read." });
}
