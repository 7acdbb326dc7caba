import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNode, pinnedFolder, requireNode } from "./node.mjs";

const ADDON = "node_modules/ssh2/lib/protocol/crypto/build/Release/sshcrypto.node";

const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

/** Installs, builds and patches the packages unless the stamp says that exactly these are in place. */
export async function preparePackages({ root, steps, compilerHint }) {
  const wanted = fingerprint(root);
  const stamp = readStamp(root);
  if (stamp?.packages === wanted && installed(root)) {
    if (!stamp.addon) await buildAddon({ root, steps, compilerHint, wanted });
    return;
  }
  rmSync(stampFile(root), { force: true });
  if (!installed(root)) await steps.step("Installing the packages", () => install(root, steps));
  await patch(root, steps);
  if (!installed(root)) throw new Error("The packages are not all there after installing them. Start again.");
  await buildAddon({ root, steps, compilerHint, wanted });
}

/** Scripts are held back: they would build native addons for the Node that runs npm, not for the one that runs us. */
async function install(root, steps) {
  await steps.run("npm", ["ci", "--include=dev", "--ignore-scripts", "--prefer-offline", ...QUIET]);
  await steps.run("npm", ["rebuild", ...withScripts(root), ...QUIET]);
}

/** A patch that no longer fits is one that changed under an already patched package: start from fresh packages once. */
async function patch(root, steps) {
  if (!existsSync(join(root, "patches"))) return;
  const apply = () => steps.run(requireNode(root), ["bin/apply-patches.mjs"]);
  await steps.step("Applying our patches", async () => {
    try {
      await apply();
    } catch {
      await install(root, steps);
      await apply();
    }
  });
}

async function buildAddon({ root, steps, compilerHint, wanted }) {
  let addon = addonLoads(root);
  if (!addon && canCompile()) {
    const build = ["rebuild", "ssh2", "cpu-features", `--nodedir=${pinnedFolder(root)}`, ...QUIET];
    const title = "Building the native part of the SSH library";
    await steps.step(title, () => steps.run("npm", build)).catch(() => {});
    addon = addonLoads(root);
  }
  if (!addon) steps.say(`  SSH encryption runs slower: its native part is not built. ${compilerHint}`);
  writeStamp(root, { packages: wanted, addon });
}

/** Whether the SSH library's native part loads in the Node that runs the program. */
export function addonLoads(root) {
  const node = findNode(root);
  if (!node || !existsSync(join(root, ADDON))) return false;
  return spawnSync(node, ["-e", `require(${JSON.stringify(join(root, ADDON))})`], { timeout: 20_000 }).status === 0;
}

const canCompile = () =>
  ["g++", "make", "python3"].every((tool) => spawnSync(tool, ["--version"], { timeout: 20_000 }).status === 0);

/** The packages with install scripts that are present and need no compiler; those that do are built in buildAddon. */
function withScripts(root) {
  const { packages } = readJson(join(root, "package-lock.json"));
  return Object.entries(packages)
    .filter(([path, entry]) => entry.hasInstallScript && existsSync(join(root, path)))
    .map(([path]) => path.replace(/^.*node_modules\//, ""))
    .filter((name) => name !== "ssh2" && name !== "cpu-features");
}

/** Whether node_modules holds what package-lock.json asks for; npm writes its own copy of the lock file last. */
function installed(root) {
  const have = readJson(join(root, "node_modules", ".package-lock.json"))?.packages;
  if (!have || !findNode(root)) return false;
  return Object.entries(readJson(join(root, "package-lock.json")).packages).every(
    ([path, entry]) =>
      path === "" ||
      (have[path] ? have[path].version === entry.version : entry.optional || entry.devOptional || entry.peer),
  );
}

function fingerprint(root) {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\n`);
  hash.update(readFileSync(join(root, "package-lock.json")));
  const folder = join(root, "patches");
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    hash.update(`\n${name}\n`).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex");
}

const stampFile = (root) => join(root, ".prepared");
const readStamp = (root) => readJson(stampFile(root));

function writeStamp(root, stamp) {
  const fresh = `${stampFile(root)}.new`;
  writeFileSync(fresh, `${JSON.stringify(stamp)}\n`);
  renameSync(fresh, stampFile(root));
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
