import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { basename, delimiter, join, sep } from "node:path";

const SHOWN_ON_FAILURE = 60;

/**
 * One line per step on standard error, with how long it took; what the commands print goes to the log file, whose end is
 * shown when a step fails. Standard output stays free for the program (`npm run bench -- --json`).
 */
export function createSteps({ root }) {
  const logFile = join(root, ".prepared.log");
  let log;
  const say = (line) => process.stderr.write(`${line}\n`);

  async function step(title, work) {
    log ??= openSync(logFile, "w");
    writeSync(log, `\n== ${title}\n`);
    const started = Date.now();
    try {
      const answer = await work();
      say(`  ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      return answer;
    } catch (error) {
      say(`  ${title}: failed. ${error.message}`);
      if (error.quiet) say(indent(tail(logFile)) + `\n  The whole output is in ${logFile}`);
      error.said = true;
      throw error;
    }
  }

  /** Runs a command without input, its output to the log; rejects if it ends with anything but 0. */
  function run(command, args, { cwd = root, env = {}, minutes = 20 } = {}) {
    writeSync(log, `$ ${[command, ...args].join(" ")}\n`);
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: pathWithout(root), ...env },
      stdio: ["ignore", log, log],
      timeout: minutes * 60_000,
    });
    const orphan = () => child.kill();
    process.once("exit", orphan);
    child.once("close", () => process.off("exit", orphan));
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(Object.assign(new Error(why), { quiet: true }));
      child.once("error", (error) => fail(`${command}: ${error.message}`));
      child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else fail(`${basename(command)} ended with ${signal ?? code}.`);
      });
    });
  }

  return { step, run, say, close: () => log === undefined || closeSync(log) };
}

/** npm must not run on a Node inside the folder that it is about to replace. */
const pathWithout = (root) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .filter((entry) => !entry.startsWith(join(root, "node_modules") + sep))
    .join(delimiter);

const tail = (file) => readFileSync(file, "utf8").trimEnd().split("\n").slice(-SHOWN_ON_FAILURE).join("\n");
const indent = (text) => text.replace(/^/gm, "    ");
