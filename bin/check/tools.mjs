import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addonLoads } from "../prepare/packages.mjs";
import { filesOf } from "./files.mjs";

const MINUTES = 5;

/** Runs a tool of the packages with this Node; resolves to its exit code and all it printed. */
function run(root, file, args) {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: MINUTES * 60_000,
  });
  const parts = { out: "", all: "" };
  child.stdout.on("data", (data) => {
    parts.out += data;
    parts.all += data;
  });
  child.stderr.on("data", (data) => void (parts.all += data));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...parts }));
  });
}

const lines = (text) => text.trim().split("\n").filter(Boolean);

const tool = (file, args, seen) => async (root) => {
  const { code, all } = await run(root, join("node_modules", file), args);
  return { problems: code === 0 ? [] : [...lines(all), `(ended with ${code})`], seen };
};

const isReady = (root, ...path) => existsSync(join(root, ...path));

const tsc = (project) => tool("@typescript/native/bin/tsc", ["-p", project, "--pretty", "false"], project);

export async function checkTypes(root) {
  const projects = [".", "web"].filter((folder) => isReady(root, folder, "tsconfig.json"));
  const answers = await Promise.all(projects.map((project) => tsc(project)(root)));
  return {
    problems: answers.flatMap(({ problems }) => problems),
    seen: projects.length > 1 ? "server and web" : "server",
  };
}

export const checkLint = tool("oxlint/bin/oxlint", ["--type-aware", "--deny-warnings", "-f", "unix"]);

export const checkFormat = tool("@biomejs/biome/bin/biome", ["format", "--max-diagnostics=20"]);

export const checkDeadCode = tool("knip/bin/knip.js", ["--no-progress", "--treat-config-hints-as-errors"]);

/** With the wrong TypeScript installed the tool reads no module and is content: what it has read is counted. */
export async function checkDirections(root) {
  const folders = ["src", "web", "test", "bench", "bin"].filter((folder) => isReady(root, folder));
  const file = join("node_modules", "dependency-cruiser", "bin", "dependency-cruiser.mjs");
  const { code, out, all } = await run(root, file, ["-c", ".dependency-cruiser.mjs", "-T", "json", ...folders]);
  if (!out.startsWith("{")) return { problems: [...lines(all), `(ended with ${code})`] };
  const { summary, modules } = JSON.parse(out);
  const read = new Set(modules.map(({ source }) => source));
  const unread = filesOf(root, /\.tsx?$/).filter((path) => /^(src|web|test|bench)\//.test(path) && !read.has(path));
  const problems = summary.violations.map(({ rule, from, to, cycle }) => {
    const end = cycle ? cycle.map(({ name }) => name).join(" → ") : to;
    return `${rule.name}: ${from} → ${end}`;
  });
  if (read.size === 0) problems.push("No module was read: is the package `typescript` one with an API?");
  if (unread.length > 0) problems.push(`Not read: ${unread.join(", ")}`);
  return { problems, seen: `${summary.totalCruised} modules` };
}

export async function checkTables(root) {
  const file = join("src", "db", "generate-tables.ts");
  if (!isReady(root, file)) return { problems: [], skipped: `there is no ${file}` };
  const { code, all } = await run(root, file, ["--check"]);
  return { problems: code === 0 ? [] : lines(all) };
}

export async function checkLock(root) {
  const { code, all } = await run(root, join("bin", "complete-lock.mjs"), ["--check"]);
  return { problems: code === 0 ? [] : lines(all) };
}

export function checkAddon(root) {
  const hint = "Run npm start with g++, make and python3 installed; until then SSH runs on JavaScript encryption.";
  return { problems: addonLoads(root) ? [] : [`The native part of ssh2 does not load. ${hint}`] };
}

/** The licences and pages a repository must not lose. */
export function checkPages(root) {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "docs/architecture.md"];
  const empty = pages.filter((page) => !isReady(root, page) || readFileSync(join(root, page), "utf8").trim() === "");
  return { problems: empty.map((page) => `${page} is missing or empty`) };
}
