import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/program.ts";
import { openPage, promptIn, startBrowser } from "./browser.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PASSWORD = "correct horse battery staple";
const THREE_MINUTES = 180_000;
const exec = promisify(execFile);

let folder: string;
let clone: string;
let program: ChildProcess;
let printed = "";
let browser: Browser;
let page: Page;
let faults: string[];
let ports: { console: number; ssh: number };
let sessionId = "";

/** What README tells a newcomer to type: the lines of its first block, from `cd` on. */
async function wordsOfReadme(): Promise<string> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const line = readme.split("\n").find((text) => /^ {4}npm start -- --demo$/.test(text));
  if (!line) throw new Error("README does not say `npm start -- --demo` any more");
  return line.trim();
}

function start(command: string): void {
  printed = "";
  const environment = {
    PATH: process.env.PATH?.split(":")
      .filter((part) => !part.includes("node_modules"))
      .join(":"),
    HOME: process.env.HOME,
    SALLYPORT_LISTEN: `127.0.0.1:${ports.console}`,
    SALLYPORT_SSH: `127.0.0.1:${ports.ssh}`,
  };
  program = spawn("/bin/sh", ["-c", command], {
    cwd: clone,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  program.stdout?.on("data", (chunk) => (printed += chunk));
  program.stderr?.on("data", (chunk) => (printed += chunk));
}

async function isRunning(): Promise<void> {
  while (!printed.includes("Sallyport is running")) {
    if (program.exitCode !== null) throw new Error(`It ended:\n${printed}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(): Promise<void> {
  if (program.exitCode !== null) return;
  const gone = new Promise((resolve) => program.once("exit", resolve));
  process.kill(-(program.pid ?? 0), "SIGINT");
  await gone;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "newcomer-"));
  clone = join(folder, "sallyport");
  ports = { console: await freePort(), ssh: await freePort() };
  browser = await startBrowser();
  ({ page, faults } = await openPage(browser, 1440));
}, 60_000);

afterAll(async () => {
  await stop().catch(() => {});
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test("from clone to the first replayed session, by README's words", { timeout: 2 * THREE_MINUTES }, async () => {
  const began = performance.now();
  await exec("git", ["clone", "-q", ROOT, clone]);
  start(await wordsOfReadme());
  await isRunning();
  const address = /http:\/\/\S+\/setup#\S+/.exec(printed)?.[0] ?? "";

  await page.goto(address);
  await page.getByLabel("Your name").fill("Ada Admin");
  await page.getByLabel("Login name").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Create administrator" }).click();

  await page.getByRole("button", { name: "demo-account" }).first().click();
  await promptIn(page);
  await page.keyboard.type("echo answer-$((40 + 2))\n");
  await page.getByText("answer-42").first().waitFor();
  await page.keyboard.type("exit\n");
  await page.getByText("The session has ended").waitFor();

  await page.goto(`http://127.0.0.1:${ports.console}/audit/sessions`);
  await page.getByText("demo-host").first().click();
  sessionId = new URL(page.url()).searchParams.get("open") ?? "";
  await page.getByText("Stored").first().waitFor({ timeout: 60_000 });
  await page.getByText("Replay the recording").click();
  await page.locator(".xterm-rows").getByText("answer-42").first().waitFor({ timeout: 60_000 });

  process.stderr.write(`from clone to first replayed session: ${Math.round((performance.now() - began) / 1000)} s\n`);
  expect(faults).toEqual([]);
});

test("the same from the shell, with a password", { timeout: THREE_MINUTES }, async () => {
  const answer = join(folder, "answer.sh");
  await writeFile(answer, `#!/bin/sh\necho '${PASSWORD}'\n`);
  await chmod(answer, 0o700);
  const { stdout } = await exec(
    "ssh",
    [
      ..."-F none -o StrictHostKeyChecking=no -o LogLevel=ERROR -o PubkeyAuthentication=no".split(" "),
      "-o",
      `UserKnownHostsFile=${join(folder, "known")}`,
      "-p",
      String(ports.ssh),
      ..."admin@demo-account@demo-host@localhost uname -a".split(" "),
    ],
    { env: { ...process.env, SSH_ASKPASS: answer, SSH_ASKPASS_REQUIRE: "force", DISPLAY: "none" }, timeout: 60_000 },
  );
  expect(stdout).toMatch(/^Linux /);
});

test("what was recorded proves itself", { timeout: THREE_MINUTES }, async () => {
  const sallyport = (...args: string[]) => exec("npx", ["sallyport", ...args], { cwd: clone, timeout: 90_000 });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const trail = await sallyport("audit", "verify");
  expect(trail.stdout).toMatch(/\d/);
  const recording = await sallyport("recording", "verify", sessionId);
  expect(recording.stdout).toContain(sessionId);
});

test("a second start finds everything again", { timeout: THREE_MINUTES }, async () => {
  await stop();
  start("npm start");
  await isRunning();
  expect(printed).not.toContain("/setup#");
  await page.goto(`http://127.0.0.1:${ports.console}/audit/sessions`);
  await page.getByText("demo-host").first().waitFor();
});
