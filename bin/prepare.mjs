#!/usr/bin/env node
// Runs on Node 18 or newer with nothing installed: makes the checkout ready, then becomes the command that was asked for.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepareConsole } from "./prepare/console.mjs";
import { withLock } from "./prepare/lock.mjs";
import { become, endLike, requireNode, runNode } from "./prepare/node.mjs";
import { preparePackages } from "./prepare/packages.mjs";
import { createSteps } from "./prepare/steps.mjs";
import { compilerHint, FOR_TESTS, prepareSystem } from "./prepare/system.mjs";

const root = join(fileURLToPath(import.meta.url), "..", "..");
const vitest = join("node_modules", "vitest", "vitest.mjs");

const commands = {
  start: { console: true, run: (node, args) => become(node, ["src/main.ts", ...args], root) },
  check: { run: (node, args) => become(node, ["bin/check.mjs", ...args], root) },
  bench: { run: (node, args) => become(node, ["bench/index.ts", ...args], root) },
  build: { console: true, run: () => {} },
  test: { console: true, system: FOR_TESTS, run: test },
};

/** With arguments only vitest, with these; without, the checks and then every test. */
async function test(node, args) {
  if (args.length > 0) return become(node, [vitest, "run", ...args], root);
  const check = await runNode(node, ["bin/check.mjs"], root);
  if (check.signal) return endLike(null, check.signal);
  const tests = await runNode(node, [vitest, "run"], root);
  if (check.code !== 0) process.stderr.write("The checks failed; their messages stand above the tests.\n");
  return endLike(tests.code === 0 ? check.code : tests.code, tests.signal);
}

async function prepare(command) {
  const steps = createSteps({ root });
  const waiting = (owner) => steps.say(`  Waiting for process ${owner}, which is preparing this folder`);
  try {
    await withLock(join(root, ".prepared.lock"), waiting, async () => {
      if (command.system) await prepareSystem(command.system, steps);
      await preparePackages({ root, steps, compilerHint });
      if (command.console) await prepareConsole({ root, steps });
    });
  } finally {
    steps.close();
  }
}

const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
if (!command) {
  process.stderr.write(`Usage: node bin/prepare.mjs ${Object.keys(commands).join("|")} [arguments]\n`);
  process.exit(2);
}
try {
  if (!existsSync(join(root, "package-lock.json"))) throw new Error(`${root} holds no package-lock.json.`);
  await prepare(command);
  await command.run(requireNode(root), args);
} catch (error) {
  if (!error.said) process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
