import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const repository = join(import.meta.dirname, "..", "..");

/** Ends with the code it is given; "wait" stays until SIGTERM and then ends with 7; "fall" ends by SIGKILL. */
const PROGRAM = `const [word = "0"]: string[] = process.argv.slice(2);
process.on("SIGTERM", () => process.exit(7));
console.log("args", JSON.stringify(process.argv.slice(2)));
if (word === "wait") setTimeout(() => process.exit(99), 20_000);
else if (word === "fall") process.kill(process.pid, "SIGKILL");
else process.exit(Number(word));
`;

const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

/** A checkout whose packages are in place but which was never prepared. */
function checkout(): string {
  const root = mkdtempSync(join(tmpdir(), "sallyport-prepare-"));
  trees.push(root);
  for (const name of ["bin", "package.json", "package-lock.json"]) {
    cpSync(join(repository, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  mkdirSync(join(root, "src", "cli"), { recursive: true });
  writeFileSync(join(root, "src", "main.ts"), PROGRAM);
  writeFileSync(join(root, "src", "cli", "main.ts"), PROGRAM);
  return root;
}

function launch(root: string, args: readonly string[], nodeOptions: readonly string[] = []) {
  const child = spawn(process.execPath, [...nodeOptions, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  const deadline = setTimeout(() => child.kill("SIGKILL"), 25_000);
  const ended = new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(deadline);
      resolve({ code, signal, ...said });
    });
  });
  const printed = (words: string) =>
    new Promise<void>((resolve) => {
      const look = () => said.out.includes(words) && resolve();
      child.stdout.on("data", look);
      look();
    });
  child.stdout.on("data", (data) => void (said.out += data));
  child.stderr.on("data", (data) => void (said.err += data));
  return { child, ended, printed };
}

const prepare = (root: string, ...args: string[]) => launch(root, ["bin/prepare.mjs", ...args]);

/** As on an older Node, which cannot replace itself by another program. */
const GO_BETWEEN = ["--import", "data:text/javascript,process.execve = undefined"];

describe.each([
  ["by replacing itself", []],
  ["as a go-between", GO_BETWEEN],
])("npm start, %s", (_how, nodeOptions) => {
  const start = (root: string, word: string, ...more: string[]) =>
    launch(root, ["bin/prepare.mjs", "start", word, ...more], nodeOptions);

  test("hands over the arguments and hands back the exit code, with nothing of its own on standard output", async () => {
    const { code, out, err } = await start(checkout(), "5", "--data", "a b").ended;
    expect(out).toBe('args ["5","--data","a b"]\n');
    expect(err).toBe("");
    expect(code).toBe(5);
  });

  test("passes SIGTERM on and ends as the program decides", async () => {
    const { child, ended, printed } = start(checkout(), "wait");
    await printed("args");
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 7, signal: null });
  });

  test("ends by the signal that ended the program", async () => {
    expect(await start(checkout(), "fall").ended).toMatchObject({ code: null, signal: "SIGKILL" });
  });
});

describe("preparing", () => {
  test("leaves a stamp and no lock; a stamp of other packages is not believed", async () => {
    const root = checkout();
    writeFileSync(join(root, ".prepared"), '{"packages":"others","addon":false}\n');
    expect(await prepare(root, "start", "0").ended).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(root, ".prepared"), "utf8"))).toEqual({
      packages: expect.stringMatching(/^[0-9a-f]{64}$/),
      addon: true,
    });
    expect(existsSync(join(root, ".prepared.lock"))).toBe(false);
  });

  test("waits while another prepares the same checkout", async () => {
    const root = checkout();
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 20_000)", "prepare.mjs"], { stdio: "ignore" });
    writeFileSync(join(root, ".prepared.lock"), String(other.pid));
    const { child, ended } = prepare(root, "start", "0");
    const waiting = new Promise<string>((resolve) => child.stderr.once("data", (data) => resolve(String(data))));
    expect(await waiting).toContain(`Waiting for process ${other.pid}`);
    expect(child.exitCode).toBe(null);
    rmSync(join(root, ".prepared.lock"));
    other.kill();
    expect(await ended).toMatchObject({ code: 0 });
  });

  test("takes over the lock of a preparation that was killed", async () => {
    const root = checkout();
    const gone = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    await new Promise((resolve) => gone.once("close", resolve));
    writeFileSync(join(root, ".prepared.lock"), String(gone.pid));
    expect(await prepare(root, "start", "3").ended).toMatchObject({ code: 3, err: "" });
  });

  test("four at once all start", async () => {
    const root = checkout();
    const ends = await Promise.all(["1", "2", "3", "4"].map((word) => prepare(root, "start", word).ended));
    expect(ends.map(({ code }) => code)).toEqual([1, 2, 3, 4]);
    expect(existsSync(join(root, ".prepared.lock"))).toBe(false);
  });

  test("says how it is used when it does not know the command", async () => {
    const { code, err } = await prepare(checkout(), "constructor").ended;
    expect(err).toContain("start|check|bench|build|test");
    expect(code).toBe(2);
  });
});

describe("the sallyport command", () => {
  test("becomes the command line", async () => {
    const { code, out } = await launch(checkout(), ["bin/sallyport.mjs", "4", "verify"]).ended;
    expect(out).toBe('args ["4","verify"]\n');
    expect(code).toBe(4);
  });

  test("says what to do when the packages are missing", async () => {
    const root = checkout();
    rmSync(join(root, "node_modules"));
    const { code, err } = await launch(root, ["bin/sallyport.mjs", "verify"]).ended;
    expect(err).toContain('run "npm run build"');
    expect(code).toBe(1);
  });
});
