import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrant, listGrants } from "../../src/assets/schema.ts";
import { createUser } from "../../src/iam/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { openPageAs, startBrowser } from "./browser.ts";

let program: TestProgram;
let admin: Client;
let browser: Browser;
let page: Page;
let faults: string[];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sallyport-files-"));
  program = await startTestProgram({ args: ["--gateways", "1"] });
  admin = await program.setUp();
  await admin.call(createUser, { loginName: "ann", name: "Ann Ops" });
  for (const name of ["First", "Second"]) await admin.call(createGrant, { name, accounts: {}, protocols: {} });
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function save(format: "CSV" | "XLSX"): Promise<{ name: string; path: string }> {
  await page.getByRole("button", { name: "More" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: `Export as ${format}` }).click(),
  ]);
  const name = download.suggestedFilename();
  const path = join(folder, name);
  await download.saveAs(path);
  return { name, path };
}

async function importFile(path: string, mode: "Create new ones" | "Both"): Promise<void> {
  await page.goto(`${program.url}/console/rules`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Import", exact: true }).click();
  await page.getByLabel("Choose a file").setInputFiles(path);
  await page.getByRole("radio", { name: mode }).check();
  await page.getByRole("button", { name: /^Import \d+ rules?$/ }).click();
}

describe("rules as files in the console", () => {
  test("what the list shows is exported, and comes in again without a change", async () => {
    await page.goto(`${program.url}/console/rules`);
    await page.getByText("First", { exact: true }).first().waitFor();
    const { name, path } = await save("XLSX");
    expect(name).toBe("permission-rules.xlsx");
    await importFile(path, "Both");
    await page.getByText("0 created, 0 changed, 2 unchanged, 0 refused.").first().waitFor({ timeout: 20_000 });
    expect(faults).toEqual([]);
  }, 60_000);

  test("a bad row is shown with its line and reason, the other is done", async () => {
    const path = join(folder, "rules.csv");
    await writeFile(path, "Name,Users,Colour\nThird,ann,red\nFourth,ghost,blue\n");
    await importFile(path, "Create new ones");
    await page.getByText("1 created, 0 changed, 1 refused.").first().waitFor({ timeout: 20_000 });
    await page.getByText("Line 3: Fourth").first().waitFor();
    await page.getByText('There is no user "ghost".').first().waitFor();
    const { items } = await admin.call(listGrants, {});
    expect(items.map(({ name }) => name)).toEqual(["First", "Second", "Third"]);
    expect(faults).toEqual([]);
  }, 60_000);
});
