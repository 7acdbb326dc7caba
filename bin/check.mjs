// Everything about the code that a tool can judge. `--only name,name` runs a part of it.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkDoors } from "./check/doors.mjs";
import { checkLeftBehind, checkSizes } from "./check/files.mjs";
import * as tools from "./check/tools.mjs";

const root = join(fileURLToPath(import.meta.url), "..", "..");

const checks = {
  types: tools.checkTypes,
  lint: tools.checkLint,
  directions: tools.checkDirections,
  "dead code": tools.checkDeadCode,
  tables: tools.checkTables,
  format: tools.checkFormat,
  doors: checkDoors,
  sizes: checkSizes,
  "left behind": checkLeftBehind,
  "lock file": tools.checkLock,
  addon: tools.checkAddon,
  pages: tools.checkPages,
};

async function judge([name, check]) {
  const started = performance.now();
  const answer = await Promise.resolve(check(root)).catch((error) => ({ problems: [error.stack] }));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const remark = answer.skipped ?? answer.seen;
  const word = answer.problems.length > 0 ? "FAIL" : answer.skipped ? "skip" : "ok  ";
  process.stdout.write(`  ${word} ${name.padEnd(12)} ${seconds.padStart(5)} s${remark ? `  ${remark}` : ""}\n`);
  for (const problem of answer.problems) process.stdout.write(`         ${problem}\n`);
  return answer.problems.length === 0;
}

function chosen() {
  const at = process.argv.indexOf("--only");
  if (at < 0) return Object.entries(checks);
  const names = (process.argv[at + 1] ?? "").split(",");
  const unknown = names.filter((name) => !Object.hasOwn(checks, name));
  if (unknown.length === 0) return names.map((name) => [name, checks[name]]);
  process.stderr.write(`No such check: ${unknown.join(", ")}. There are ${Object.keys(checks).join(", ")}.\n`);
  process.exit(2);
}

const waiting = chosen();
const answers = [];
const worker = async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) answers.push(await judge(next));
};
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
const failed = answers.filter((good) => !good).length;
process.stdout.write(
  failed === 0 ? `All ${answers.length} checks passed.\n` : `${failed} of ${answers.length} checks failed.\n`,
);
process.exit(failed === 0 ? 0 : 1);
