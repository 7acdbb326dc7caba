import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const repository = join(import.meta.dirname, "..", "..");
const BIN = ["check", "check.mjs", "complete-lock.mjs", "prepare", "prepare.mjs", "sallyport.mjs"].map(
  (name) => `bin/${name}`,
);
const CONFIGURATION = [
  "biome.json",
  ".oxlintrc.json",
  ".dependency-cruiser.mjs",
  "knip.json",
  "tsconfig.json",
  ".gitignore",
];
const TOOLS = ["@biomejs/biome", "@typescript/native", "dependency-cruiser", "oxlint", "oxlint-tsgolint", "typescript"];

const page = "Words.\n";
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** The least that has one file of every kind the rules speak of, and nothing wrong with it. */
const FILES: Readonly<Record<string, string>> = {
  "package.json": json({
    name: "small-tree",
    type: "module",
    dependencies: { zod: "*" },
    devDependencies: Object.fromEntries(
      [...TOOLS, "@vitejs/plugin-react", "vite", "vitest"].map((name) => [name, "*"]),
    ),
  }),
  "package-lock.json": json({ lockfileVersion: 3, packages: { "": {} } }),
  "src/core/endpoint.ts": `import { z } from "zod";\n\n/** An answer that says only that it was done. */\nexport const Done = z.object({});\n`,
  "src/core/index.ts": `export { Done } from "./endpoint.ts";\n`,
  "src/db/index.ts": `import { Done } from "../core/index.ts";\n\n/** Says that it was done. */\nexport const answer = () => Done.parse({});\n`,
  "src/db/generate-tables.ts": "process.exit(0);\n",
  "src/protocols/index.ts": `/** A driver. */\nexport const kind = "ssh";\n`,
  "src/assets/schema.ts": `import { z } from "zod";\nimport { Done } from "../core/endpoint.ts";\n\nexport const Asset = z.object({ done: Done });\n`,
  "src/assets/index.ts": `import { answer } from "../db/index.ts";\nimport { kind } from "../protocols/index.ts";\nimport { Asset } from "./schema.ts";\n\n/** What there is. */\nexport const asset = () => ({ kind, ...Asset.parse({ done: answer() }) });\n`,
  "src/main.ts": `import { asset } from "./assets/index.ts";\n\nprocess.stdout.write(asset().kind);\n`,
  "src/cli/main.ts": `import { asset } from "../assets/index.ts";\n\nprocess.stdout.write(asset().kind);\n`,
  "bench/index.ts": `import { answer } from "../src/db/index.ts";\n\nanswer();\n`,
  "bench/support/one-process.ts": `import { answer } from "../../src/db/index.ts";\n\nanswer();\n`,
  "web/index.html": `<script type="module" src="/src/main.tsx"></script>\n`,
  "web/vite.config.ts": `import react from "@vitejs/plugin-react";\nimport { defineConfig } from "vite";\n\nexport default defineConfig({ root: import.meta.dirname, plugins: [react()] });\n`,
  "web/src/main.tsx": `import { Asset } from "../../src/assets/schema.ts";\n\nAsset.parse({});\n`,
  "test/one.test.ts": `import { expect, test } from "vitest";\nimport { answer } from "../src/db/index.ts";\n\ntest("answers", () => {\n  expect(answer()).toEqual({});\n});\n`,
  "README.md": page,
  "CONTRIBUTING.md": page,
  "SECURITY.md": page,
  "CHANGELOG.md": page,
  LICENSE: page,
  "docs/architecture.md": page,
};

interface SmallTree extends Disposable {
  /** Writes a file; null removes it. */
  put(path: string, text: string | null): void;
  /** Runs the checks of those names, or all; at most a minute. */
  check(...only: string[]): Promise<{ code: number; said: string }>;
}

/** A clean tree of its own under our rules and our packages; it is removed when it is disposed of. */
export function smallTree(): SmallTree {
  const root = mkdtempSync(join(tmpdir(), "sallyport-check-"));
  const put = (path: string, text: string | null) => {
    const file = join(root, path);
    if (text === null) return rmSync(file, { recursive: true });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const path of [...BIN, ...CONFIGURATION]) cpSync(join(repository, path), join(root, path), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) put(path, text);
  mkdirSync(join(root, "node_modules"));
  for (const name of readdirSync(join(repository, "node_modules"))) {
    symlinkSync(join(repository, "node_modules", name), join(root, "node_modules", name));
  }
  return {
    put,
    check: (...only) =>
      new Promise((resolve) => {
        const args = ["bin/check.mjs", ...(only.length > 0 ? ["--only", only.join(",")] : [])];
        execFile(process.execPath, args, { cwd: root, timeout: 60_000 }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), said: stdout + stderr }),
        );
      }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
