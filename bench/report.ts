/** One measured figure. `ratio` compares it with the row called `of`; `pass` says whether it reaches `goal`. */
export interface Row {
  readonly measure: string;
  readonly value: number | null;
  readonly unit: string;
  readonly ratio: number | null;
  readonly of: string | null;
  readonly goal: string | null;
  readonly pass: boolean | null;
}
export type Rows = readonly Row[];

/** The rows as a table for people. */
export function table(rows: Rows): string {
  const head = ["measure", "value", "ratio", "goal", ""];
  const cells = rows.map((row) => [
    row.measure,
    row.value === null ? "-" : `${figure(row.value)} ${row.unit}`,
    row.ratio === null ? "" : `${row.ratio.toFixed(2)}${row.of ? ` of ${row.of}` : ""}`,
    row.goal ?? "",
    row.pass === null ? "" : row.pass ? "reached" : "MISSED",
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]!.length)));
  const lines = [head, widths.map((width) => "-".repeat(width)), ...cells];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const figure = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
