#!/usr/bin/env node
// The `sallyport` command: finds the Node that fits and becomes the command line on it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { become, requireNode } from "./prepare/node.mjs";

const root = join(fileURLToPath(import.meta.url), "..", "..");
try {
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) {
    throw new Error(`The packages are not installed yet: run "npm run build" in ${root} first.`);
  }
  await become(requireNode(root), [join(root, "src", "cli", "main.ts"), ...process.argv.slice(2)]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
