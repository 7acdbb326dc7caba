import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { beginDevice, collectDevice } from "../../src/iam/schema.ts";
import { sql } from "kysely";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { callFrom } from "../support/elsewhere.ts";
import { ADMIN, type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { makeKey } from "../support/sshd.ts";
import { openPageAs, startBrowser } from "./browser.ts";

let stored: TestDatabase;
let program: TestProgram;
let admin: Client;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  process.env.SALLYPORT_MASTER_KEY ??= randomBytes(32).toString("base64");
  stored = await testDatabase();
  program = await startTestProgram({ database: stored.url, args: ["--gateways", "1"] });
  admin = await program.setUp();
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
  await stored?.close();
}, 60_000);

const bearer = (key: string) => fetch(`${program.url}/api/me`, { headers: { authorization: `Bearer ${key}` } });

/** Fills the form of a key and returns the key that is shown once. */
async function makeKeyIn(name: string, scope: string): Promise<string> {
  await page.getByRole("button", { name: "Make API key" }).first().click();
  const drawer = page.locator(".ant-drawer");
  await drawer.getByLabel(/^Name/).fill(name);
  await drawer.getByLabel(/^Scopes/).fill(scope);
  await page
    .locator(".ant-select-item-option", { hasText: new RegExp(`^${scope}`) })
    .first()
    .click();
  await drawer.getByRole("button", { name: "Make API key" }).click();
  const shown = page.getByText(/^sp_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  await shown.waitFor();
  const key = await shown.innerText();
  await page.getByRole("button", { name: "I have copied it" }).click();
  await shown.waitFor({ state: "detached" });
  return key;
}

describe("one's own page", () => {
  test("makes an API key that is shown once and works, and deletes it", async () => {
    await page.goto(`${program.url}/me`);
    const key = await makeKeyIn("deploys", "me.read");
    expect(await page.content()).not.toContain(key);
    expect((await bearer(key)).status).toBe(200);
    await page.reload();
    const row = page.locator("li", { hasText: "deploys" });
    await row.getByText("1 scope").waitFor();
    await row.getByRole("button", { name: "Delete" }).click();
    await page.locator(".ant-modal").getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
    expect((await bearer(key)).status).toBe(401);
  }, 60_000);

  test("lists the console sessions and signs out everywhere else", async () => {
    const me = (await (await admin.fetch("/api/me")).json()) as { loginName: string };
    const other = await program.signIn(me.loginName, ADMIN.password);
    await page.goto(`${program.url}/me`);
    await page.getByText("this one").waitFor();
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.locator(".ant-modal").getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByText("Signed out everywhere else").waitFor();
    expect([(await other.fetch("/api/me")).status, (await admin.fetch("/api/me")).status]).toEqual([401, 200]);
  }, 60_000);
});

describe("the page of a code", () => {
  const asked = () =>
    program.anonymous().call(beginDevice, { publicKey: makeKey("ed25519").publicLine, device: "anns-laptop" });

  test("shows what asks, confirms it, and the certificate is listed and revoked", async () => {
    const { code, token, path } = await asked();
    // An address that carries a code, as it could be sent to somebody, fills nothing in.
    await page.goto(`${program.url}${path}?code=${code}`);
    await page.locator("#device-code").waitFor();
    expect(await page.locator("#device-code").inputValue()).toBe("");
    await page.locator("#device-code").fill(code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(code, { exact: true }).waitFor();
    await page.getByText("anns-laptop").waitFor();
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Go back to the command line").waitFor();
    expect(await program.anonymous().call(collectDevice, { token })).toMatchObject({ loginName: "admin" });
    await page.goto(`${program.url}/me`);
    const row = page.locator("li", { hasText: "anns-laptop" });
    await row.getByText("Valid", { exact: true }).waitFor();
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.locator(".ant-modal").getByRole("button", { name: "Revoke" }).click();
    await row.getByText("Revoked").waitFor();
  }, 60_000);

  test("takes a code that is typed, and refuses", async () => {
    const { code, token } = await asked();
    await page.goto(`${program.url}/device`);
    await page.locator("#device-code").fill(code.replace("-", "").toLowerCase());
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(code).waitFor();
    await page.getByRole("button", { name: "It was not me" }).click();
    await page.getByText("The command line gets nothing.").waitFor();
    const collected = program.anonymous().call(collectDevice, { token });
    await expect(collected).rejects.toMatchObject({ code: "denied" });
  }, 60_000);

  test("warns of a command line in another network, and asks for a fresh proof before it confirms", async () => {
    const asks = { publicKey: makeKey("ed25519").publicLine, device: "far-away" };
    const { code, token } = await callFrom("127.0.0.2", program.url)(beginDevice, asks);
    await page.goto(`${program.url}/device`);
    await page.locator("#device-code").fill(code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("This command line is not in the network that you are in now.").waitFor();
    await page.getByText("127.0.0.2").waitFor();
    await sql`update console_session set password_at = now() - interval '6 minutes'`.execute(stored.database.db);
    await page.getByRole("button", { name: "Confirm" }).click();
    const dialog = page.locator(".ant-modal");
    await dialog.locator("input").fill(ADMIN.password);
    await dialog.locator("button.ant-btn-primary").click();
    await page.getByText("Go back to the command line").waitFor();
    expect(await program.anonymous().call(collectDevice, { token })).toMatchObject({ loginName: "admin" });
  }, 60_000);
});

test("a service account is created with a role, gets a key, and loses it with its being enabled", async () => {
  await page.goto(`${program.url}/console/service-accounts`);
  await page.getByRole("button", { name: "Create service account" }).first().click();
  const drawer = page.locator(".ant-drawer");
  await drawer.getByLabel(/^Name/).fill("Nightly deploys");
  await drawer.getByLabel(/^Login name/).fill("bot-deploys");
  await drawer.getByLabel(/^Roles/).fill("Auditor");
  await page.locator(".ant-select-item-option", { hasText: "Auditor" }).first().click();
  await drawer.getByRole("button", { name: "Create service account" }).click();
  await page.getByRole("heading", { name: "Nightly deploys" }).waitFor();
  const key = await makeKeyIn("ci", "user.list");
  const users = () => fetch(`${program.url}/api/users`, { headers: { authorization: `Bearer ${key}` } });
  expect((await users()).status).toBe(200);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.locator(".ant-modal").getByRole("button", { name: "Disable" }).click();
  await page.getByText("Disabled").first().waitFor();
  expect((await users()).status).toBe(401);
}, 60_000);

test("no page had an uncaught error", () => {
  expect(faults).toEqual([]);
});
