import { describe, expect, test } from "vitest";
import { smallTree } from "./small-tree.ts";

const MINUTE = 60_000;

/** One planted fault: the check that must find it, what is written where, and what the finding must say. */
const FAULTS: readonly [check: string, fault: string, files: Record<string, string | null>, said: string[]][] = [
  [
    "types",
    "a wrong type",
    { "test/port.ts": 'export const port: number = "22";\n' },
    ["test/port.ts(1,14): error TS2322"],
  ],
  [
    "lint",
    "each thing a linter must refuse",
    {
      "src/db/sloppy.ts": [
        "export async function later(): Promise<number> {\n  return 1;\n}",
        "later();",
        "setInterval(async () => later(), 1000);",
        "const unused = 1;",
        "export const same = (a: unknown) => a == 1;",
        "export const loose = (a: any) => a;",
        "console.log(process.env.HOME);",
        "export const fail = () => {\n  throw 'text';\n};",
        "",
      ].join("\n"),
    },
    [
      "typescript(no-floating-promises)",
      "typescript(no-misused-promises)",
      "eslint(no-unused-vars)",
      "eslint(eqeqeq)",
      "typescript(no-explicit-any)",
      "eslint(no-console)",
      "node(no-process-env)",
      "typescript(only-throw-error)",
    ],
  ],
  ["format", "a missing space", { "src/db/tight.ts": "export const tight={};\n" }, ["src/db/tight.ts format"]],
  ["dead code", "a file nobody imports", { "src/db/forgotten.ts": "export {};\n" }, ["src/db/forgotten.ts"]],
  [
    "dead code",
    "an export nobody uses",
    {
      "src/protocols/index.ts":
        '/** A driver. */\nexport const kind = "ssh";\n/** Not used. */\nexport const spare = 1;\n',
    },
    ["spare", "src/protocols/index.ts"],
  ],
  [
    "dead code",
    "a package nobody uses",
    { "package.json": '{ "dependencies": { "zod": "*", "pg": "*" } }\n' },
    ["pg "],
  ],
  [
    "doors",
    "an export without a doc line",
    { "src/protocols/index.ts": 'export const kind = "ssh";\n' },
    ["src/protocols/index.ts:1: kind has no doc line"],
  ],
  ["sizes", "a file of 401 lines", { "src/db/long.ts": "// a line\n".repeat(401) }, ["src/db/long.ts: 401 lines"]],
  ["left behind", "a note to self", { "src/db/note.ts": `// ${"TO" + "DO"}: later\n` }, ["src/db/note.ts:1"]],
  [
    "lock file",
    "a platform's package that is not locked",
    { "package-lock.json": '{ "packages": { "": { "optionalDependencies": { "fast-linux-x64": "1.0.0" } } } }\n' },
    ["fast-linux-x64"],
  ],
  [
    "tables",
    "table types behind the migrations",
    { "src/db/generate-tables.ts": 'throw new Error("behind");\n' },
    ["behind"],
  ],
  ["addon", "packages without the native part", { "node_modules/ssh2": null }, ["does not load"]],
  ["pages", "a page that is gone", { "SECURITY.md": null }, ["SECURITY.md is missing"]],
];

/** For each rule of the import directions, a file that breaks it. */
const IMPORTS: readonly [rule: string, path: string, text: string][] = [
  ["core-looks-left", "src/core/up.ts", 'import "../db/index.ts";\n'],
  ["db-looks-left", "src/db/up.ts", 'import "../audit/index.ts";\n'],
  ["audit-looks-left", "src/audit/index.ts", 'import "../platform/index.ts";\n'],
  ["platform-looks-left", "src/platform/index.ts", 'import "../iam/index.ts";\n'],
  ["iam-looks-left", "src/iam/index.ts", 'import "../assets/index.ts";\n'],
  ["assets-looks-left", "src/assets/up.ts", 'import "../sessions/index.ts";\n'],
  ["sessions-looks-left", "src/sessions/index.ts", 'import "../automation/index.ts";\n'],
  ["automation-looks-left", "src/automation/index.ts", 'import "../http/index.ts";\n'],
  ["http-looks-left", "src/http/index.ts", 'import "../cli/main.ts";\n'],
  ["cli-knows-no-http", "src/cli/up.ts", 'import "../http/index.ts";\n'],
  ["wiring-is-on-top", "src/sessions/wiring.ts", 'import "../main.ts";\n'],
  ["known-folders", "src/misc/index.ts", 'import "../core/index.ts";\n'],
  ["drivers-know-nothing", "src/protocols/rows.ts", 'import "../db/index.ts";\n'],
  ["only-diallers-see-drivers", "src/iam/dial.ts", 'import "../protocols/index.ts";\n'],
  ["one-door", "src/sessions/window.ts", 'import "../db/inner.ts";\n'],
  ["one-door-for-edges", "src/http/window.ts", 'import "../db/inner.ts";\n'],
  ["schemas-are-browser-safe", "src/iam/schema.ts", 'import "node:crypto";\n'],
  ["web-sees-schemas", "web/src/peek.ts", 'import "../../src/assets/index.ts";\n'],
  ["server-stands-alone", "src/db/tested.ts", 'import "../../bench/index.ts";\n'],
  ["no-tests-in-programs", "bench/tested.ts", 'import "../test/one.test.ts";\n'],
  ["production-packages-only", "src/db/heavy.ts", 'import "vitest";\n'],
  ["no-cycles", "src/db/inner.ts", 'import type { Outer } from "./outer.ts";\n\nexport type Inner = Outer;\n'],
  ["resolvable", "src/db/nowhere.ts", 'import "./nothing.ts";\n'],
];

describe("npm run check", () => {
  test("passes a clean tree", { timeout: MINUTE }, async () => {
    using tree = smallTree();
    const { code, said } = await tree.check();
    expect(said).toContain(" checks passed.");
    expect(code).toBe(0);
  });

  test.each(FAULTS)("%s: finds %s", { timeout: MINUTE }, async (check, _fault, files, expected) => {
    using tree = smallTree();
    for (const [path, text] of Object.entries(files)) tree.put(path, text);
    const { code, said } = await tree.check(check);
    for (const words of expected) expect(said).toContain(words);
    expect(code).toBe(1);
  });

  test("directions: finds a breach of each rule", { timeout: MINUTE }, async () => {
    using tree = smallTree();
    for (const [, path, text] of IMPORTS) tree.put(path, text);
    tree.put("src/db/outer.ts", 'import type { Inner } from "./inner.ts";\n\nexport type Outer = Inner;\n');
    const { code, said } = await tree.check("directions");
    for (const [rule, path] of IMPORTS) expect(said).toContain(`${rule}: ${path} → `);
    expect(code).toBe(1);
  });

  test("directions: reading nothing is not passing", { timeout: MINUTE }, async () => {
    using tree = smallTree();
    tree.put(".dependency-cruiser.mjs", 'export default { forbidden: [], options: { exclude: "." } };\n');
    const { code, said } = await tree.check("directions");
    expect(said).toContain("No module was read");
    expect(code).toBe(1);
  });

  test("refuses a check that does not exist", { timeout: MINUTE }, async () => {
    using tree = smallTree();
    expect((await tree.check("typos")).code).toBe(2);
  });
});
