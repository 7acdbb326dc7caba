import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { Secret, TOTP } from "otpauth";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { updateSettings } from "../../src/platform/schema.ts";
import { createUser } from "../../src/iam/schema.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { plugIn } from "./authenticator.ts";
import { openPage, startBrowser } from "./browser.ts";

const PASSWORD = "correct horse battery staple";
const A_MINUTE = 60_000;

let stored: TestDatabase;
let program: TestProgram;
let browser: Browser;
let admin: Client;
let address: string;

beforeAll(async () => {
  process.env.SALLYPORT_MASTER_KEY ??= randomBytes(32).toString("base64");
  stored = await testDatabase();
  program = await startTestProgram({ database: stored.url, args: ["--sign-ins-per-minute", "1000"] });
  browser = await startBrowser();
  admin = await program.setUp();
  address = program.url.replace("127.0.0.1", "localhost");
}, 120_000);

afterAll(async () => {
  await browser.close();
  await program.stop();
  await stored.close();
}, A_MINUTE);

const person = (loginName: string) =>
  admin.call(createUser, { loginName, name: loginName, password: PASSWORD, roles: ["user"] });

let version = 0;
async function secondFactorIs(secondFactor: "on" | "forced"): Promise<void> {
  ({ version } = await admin.call(updateSettings, { key: "sign-in", version, values: { secondFactor } }));
}

/** As if the person had proved nothing for an hour. */
async function anHourPasses(loginName: string): Promise<void> {
  await sql`update console_session set signed_in_at = now() - interval '1 hour', password_at = now() - interval '1 hour',
    second_factor_at = second_factor_at - interval '1 hour'
    where user_id = (select id from users where login_name = ${loginName})`.execute(stored.database.db);
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
  await page.getByRole("button", { name: "I have kept them" }).click();
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

/** The code that an app with this key shows in the step that is `ahead` of now. */
const codeOf = (key: string, ahead = 0): string =>
  new TOTP({ secret: Secret.fromBase32(key.replaceAll(/[^A-Z2-7]/g, "")) }).generate({
    timestamp: Date.now() + ahead * 30_000,
  });

test("an authenticator app is set up on the way in, its recovery codes kept, a code asked for next time", {
  timeout: A_MINUTE,
}, async () => {
  const { page, faults } = await openPage(browser, 390);
  await person("toto");
  await secondFactorIs("forced");
  await page.goto(address);
  await typeName(page, "toto");
  await page.getByText("Authenticator app", { exact: true }).click();
  await page.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
  const key = (await page.locator(".key-text").textContent()) ?? "";
  await page.getByLabel("Code from the app").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByText("That is not right").waitFor();
  const first = codeOf(key);
  await page.getByLabel("Code from the app").fill(first);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  const codes = await page.locator(".codes li").allTextContents();
  expect(codes.length).toBeGreaterThan(5);
  await page.getByRole("button", { name: "I have kept them" }).click();
  await isIn(page);
  await secondFactorIs("on");

  await page.context().clearCookies();
  await page.goto(address);
  await typeName(page, "toto");
  const code = page.getByLabel("Authenticator app", { exact: true }).and(page.locator("input[type=text]"));
  expect(await code.getAttribute("autocomplete")).toBe("one-time-code");
  await code.fill(first);
  await page.keyboard.press("Enter");
  await page.getByText("That is not right").waitFor();
  await code.fill(codeOf(key, 1));
  await page.keyboard.press("Enter");
  await isIn(page);
  expect(faults).toEqual([]);
});

test("a changed account asks once more who it is, in one dialog, and goes on by itself", {
  timeout: A_MINUTE,
}, async () => {
  const { page, faults } = await openPage(browser, 1440);
  const key = await plugIn(page, { verifies: true });
  await person("rita");
  await page.goto(`${address}/me`);
  await typeName(page, "rita");
  await isIn(page);
  await anHourPasses("rita");

  await page.getByRole("button", { name: "Add passkey" }).click();
  const dialog = page.getByRole("dialog", { name: "Is it still you?" });
  await dialog.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await dialog.getByText("That is not right").waitFor();
  await dialog.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  const making = page.getByRole("dialog", { name: "Add passkey" });
  await making.getByLabel("Name").fill("My laptop");
  await making.getByRole("button", { name: "Create passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText("My laptop").waitFor();
  await page.getByText("Signs in alone").waitFor();
  expect(await key.count()).toBe(1);

  await anHourPasses("rita");
  await page.getByRole("button", { name: "Make new codes" }).click();
  await page
    .getByRole("dialog", { name: "Make new recovery codes?" })
    .getByRole("button", { name: "Make new codes" })
    .click();
  await dialog.getByRole("button", { name: "Use passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  expect(faults).toEqual([]);
});
