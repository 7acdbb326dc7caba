import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Rows, table } from "./report.ts";

const FRAME = new Set(["index.ts", "report.ts"]);

/** `npm run bench NAME [-- --json]`: runs bench/NAME.ts, whose `bench()` returns rows. Exit code 1: a goal was missed. */
async function main(): Promise<number> {
  const names = (await readdir(import.meta.dirname))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !FRAME.has(file))
    .map((file) => file.slice(0, -".ts".length))
    .sort();
  const { values, positionals } = parse(process.argv.slice(2));
  const [name] = positionals;
  if (positionals.length !== 1 || !name || !names.includes(name)) {
    process.stderr.write(`Usage: npm run bench NAME [-- --json]\nBenches: ${names.join(", ")}\n`);
    return 2;
  }
  const write = process.stdout.write.bind(process.stdout);
  // Whatever a bench or a library prints goes to standard error: with --json standard output holds one object.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const { bench, startsWith = [] } = (await import(`./${name}.ts`)) as Bench;
  if (startsWith.some((flag) => !process.execArgv.includes(flag))) return again(startsWith);
  const rows = await bench();
  write(values.json ? `${JSON.stringify({ bench: name, rows })}\n` : `${table(rows)}\n`);
  return rows.some(({ pass }) => pass === false) ? 1 : 0;
}

/** What a file of this folder exports. */
interface Bench {
  readonly bench: () => Promise<Rows>;
  /** Arguments of Node.js with which the program starts the process that does this. */
  readonly startsWith?: readonly string[];
}

/** The same bench in a process that starts with these arguments. */
function again(flags: readonly string[]): number {
  const args = [...process.execArgv, ...flags, ...process.argv.slice(1)];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { json: { type: "boolean", default: false } } });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return { values: { json: false }, positionals: [] };
  }
}

process.exitCode = await main();
