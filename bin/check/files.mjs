import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const OURS = ["src", "web", "test", "bench", "bin", "migrations", "deploy"];
const NOT_OURS = new Set(["node_modules", "dist", "coverage"]);
const MAX_LINES = 400;
// In two halves, or this file would find itself.
const LEFT_BEHIND = new RegExp(["TO" + "DO", "FIX" + "ME", "X" + "XX"].map((word) => `\\b${word}\\b`).join("|"));

/** Every file of ours below `root` whose name matches. */
export function filesOf(root, wanted) {
  const walk = (folder) =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(path);
      return entry.isFile() && wanted.test(entry.name) ? [path] : [];
    });
  return OURS.filter((folder) => existsSync(join(root, folder))).flatMap(walk);
}

/** A file that says so in its first line was written by a program. */
export const isGenerated = (text) => /written by |generated/i.test(text.slice(0, text.indexOf("\n")));

export function checkSizes(root) {
  const files = filesOf(root, /\.(ts|tsx|mjs|cjs)$/);
  const long = files.flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const lines = text.split("\n").length - 1;
    return lines > MAX_LINES && !isGenerated(text)
      ? [`${path}: ${lines} lines, at most ${MAX_LINES}: make it two`]
      : [];
  });
  return { problems: long, seen: `${files.length} files` };
}

export function checkLeftBehind(root) {
  const files = filesOf(root, /\.(ts|tsx|mjs|cjs|sql|css|html)$/);
  const found = files.flatMap((path) =>
    readFileSync(join(root, path), "utf8")
      .split("\n")
      .flatMap((line, at) => (LEFT_BEHIND.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
  return { problems: found, seen: `${files.length} files` };
}
