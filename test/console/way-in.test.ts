import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { updateSettings } from "../../src/platform/schema.ts";
import { createUser } from "../../src/iam/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { plugIn } from "./authenticator.ts";
import { openPage, startBrowser } from "./browser.ts";

const PASSWORD = "correct horse battery staple";
const A_MINUTE = 60_000;

let program: TestProgram;
let browser: Browser;
let admin: Client;
let address: string;

beforeAll(async () => {
  program = await startTestProgram();
  browser = await startBrowser();
  admin = await program.setUp();
  address = program.url.replace("127.0.0.1", "localhost");
}, 120_000);

afterAll(async () => {
  await browser.close();
  await program.stop();
}, A_MINUTE);

const person = (loginName: string) =>
  admin.call(createUser, { loginName, name: loginName, password: PASSWORD, roles: ["user"] });

let version = 0;
async function secondFactorIs(secondFactor: "on" | "forced"): Promise<void> {
  ({ version } = await admin.call(updateSettings, { key: "sign-in", version, values: { secondFactor } }));
}

async function typeName(page: Page, loginName: string): Promise<void> {
  await page.getByLabel("Login name").fill(loginName);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
}

const isIn = (page: Page) => page.getByRole("button", { name: "Search or go to" }).waitFor({ timeout: 10_000 });

test("who must have a second factor makes a passkey on the way in, and signs in with it alone", {
  timeout: A_MINUTE,
}, async () => {
  const { page, faults } = await openPage(browser, 1440);
  const key = await plugIn(page, { verifies: true });
  await person("paula");
  await secondFactorIs("forced");
  await page.goto(`${address}/me`);
  await typeName(page, "paula");
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  await page.getByRole("button", { name: "Create passkey" }).click();
  await isIn(page);
  await secondFactorIs("on");
  expect(await key.count()).toBe(1);
  expect(new URL(page.url()).pathname).toBe("/me");

  await page.context().clearCookies();
  await page.goto(`${address}/me`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await isIn(page);

  await page.context().clearCookies();
  await page.goto(address);
  await typeName(page, "paula");
  await page.getByRole("heading", { name: "Second factor" }).waitFor();
  await page.getByRole("button", { name: "Use passkey" }).click();
  await isIn(page);
  expect(faults).toEqual([]);
});
