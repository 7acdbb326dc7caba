#!/usr/bin/env node
// Applies every patches/*.mjs to node_modules, each change once; runs on Node 18 or newer. Ends with 1, and changes nothing,
// when a package has another version or a text is not found exactly once.
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = process.argv[2] ?? join(fileURLToPath(import.meta.url), "..", "..");

/** The file's text with the change made; as it is if the change is there already. */
function changed(text, { find, put }, where) {
  if (text.includes(put)) return text;
  const parts = text.split(find);
  if (parts.length === 2) return parts.join(put);
  throw new Error(`${where}: the text to replace is there ${parts.length - 1} times instead of once:\n${find}`);
}

async function readPatches() {
  const folder = join(fileURLToPath(import.meta.url), "..", "..", "patches");
  const names = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
  return Promise.all(
    names.sort().map(async (name) => ({ name, ...(await import(pathToFileURL(join(folder, name)))).patch })),
  );
}

function applyAll(patches) {
  const files = new Map();
  for (const { name, package: module, version, changes } of patches) {
    const home = join(root, "node_modules", module);
    const found = JSON.parse(readFileSync(join(home, "package.json"), "utf8")).version;
    if (found !== version) throw new Error(`${name} is for ${module} ${version}, but ${found} is installed.`);
    for (const change of changes) {
      const path = join(home, change.file);
      const before = files.get(path)?.after ?? readFileSync(path, "utf8");
      const first = files.get(path)?.first ?? before;
      files.set(path, { first, after: changed(before, change, `${name}, ${module}/${change.file}`) });
    }
  }
  return [...files].filter(([, { first, after }]) => first !== after);
}

try {
  for (const [path, { after }] of applyAll(await readPatches())) {
    writeFileSync(`${path}.new`, after);
    renameSync(`${path}.new`, path);
  }
} catch (error) {
  process.stderr.write(`The patches do not fit: ${error.message}\n`);
  process.exit(1);
}
