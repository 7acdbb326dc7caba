// Adds to package-lock.json the packages for other platforms that the registry did not know when the lock was written:
// `npm ci` refuses a lock that lacks them, even where they would never be installed. `--check` only reports.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const file = join(fileURLToPath(import.meta.url), "..", "..", "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));

const SYSTEM = /(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|aix|win32)/;
const PROCESSOR = /(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64|mips64el|wasm32)/;

const missing = new Map();
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!found(path, name)) missing.set(`node_modules/${name}`, stand(name, version, entry));
  }
}

if (missing.size === 0) process.exit(0);
if (process.argv.includes("--check")) {
  process.stdout.write(`package-lock.json lacks ${[...missing.keys()].join(", ")}: run node bin/complete-lock.mjs\n`);
  process.exit(1);
}
const root = lock.packages[""];
const rest = Object.entries(lock.packages).filter(([path]) => path !== "");
const sorted = [...rest, ...missing].sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = { "": root, ...Object.fromEntries(sorted) };
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

/** Looks where Node would: beside the package, then in each folder above it. */
function found(path, name) {
  for (let folder = path; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, "")) {
    if (lock.packages[`${folder ? `${folder}/` : ""}node_modules/${name}`]) return true;
    if (folder === "") return false;
  }
}

/** Platform packages are pinned exactly and named after their platform; others cannot be completed here. */
function stand(name, version, { dev }) {
  if (!/^\d/.test(version)) throw new Error(`${name}@${version} is missing and not pinned: run npm install.`);
  const os = SYSTEM.exec(name)?.[1];
  const cpu = PROCESSOR.exec(name)?.[1];
  if (!os && !cpu) throw new Error(`${name}@${version} is missing and names no platform: run npm install.`);
  return { version, ...(cpu && { cpu: [cpu] }), ...(dev && { dev }), optional: true, ...(os && { os: [os] }) };
}
