import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createUser } from "../../src/iam/schema.ts";
import { knock } from "../security/gate.ts";
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

/** A person who is signed in on a page of their own and has made a passkey there. */
async function withPasskey(loginName: string, options: { verifies: boolean }) {
  const { page } = await openPage(browser, 1440);
  const authenticator = await plugIn(page, options);
  await admin.call(createUser, { loginName, name: loginName, password: PASSWORD, roles: ["user"] });
  await page.goto(`${address}/me`);
  await typeName(page, loginName);
  await page.getByRole("button", { name: "Add passkey" }).click();
  await page.getByRole("button", { name: "Create passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText(/^Passkey \d/).waitFor();
  await page.context().clearCookies();
  await page.goto(address);
  return { page, authenticator };
}

async function typeName(page: Page, loginName: string): Promise<void> {
  await page.getByLabel("Login name").fill(loginName);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
}

/** What is asked of the authenticator is changed on its way to the page, as a page that lies would. */
const lie = (page: Page, path: string, change: (publicKey: Record<string, unknown>) => object) =>
  page.route(`**/api/sign-in/${path}`, async (route) => {
    const answer = await route.fetch();
    const { shown } = (await answer.json()) as { shown: { publicKey: Record<string, unknown> } };
    await route.fulfill({
      response: answer,
      json: { shown: { publicKey: { ...shown.publicKey, ...change(shown.publicKey) } } },
    });
  });

/** The next answer that the page would send is caught instead, with the cookie it would travel with. */
async function caught(
  page: Page,
  path: string,
  press: () => Promise<void>,
): Promise<{ input: object; cookie: string }> {
  let input: object | null = null;
  await page.route(`**/api/sign-in/${path}`, async (route) => {
    input = route.request().postDataJSON() as object;
    await route.abort();
  });
  await press();
  await expect.poll(() => input, { timeout: 10_000 }).not.toBeNull();
  await page.unroute(`**/api/sign-in/${path}`);
  const cookies = await page.context().cookies(`${address}/api/sign-in`);
  return { input: input!, cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") };
}

const alone = (page: Page) => page.getByRole("button", { name: "Sign in with a passkey" }).click();
const beside = (page: Page) => page.getByRole("button", { name: "Use passkey" }).click();
const give = (path: string, { input, cookie }: { input: object; cookie: string }, origin = address) =>
  knock({
    url: program.url,
    route: `POST /sign-in/${path}`,
    input,
    headers: { host: new URL(origin).host, origin, cookie },
  });

test("an answer lets in once, under its own origin", { timeout: A_MINUTE }, async () => {
  const { page } = await withPasskey("olga", { verifies: true });
  const elsewhere = await caught(page, "passkey", () => alone(page));
  const other = address.replace("localhost", "other.localhost");
  expect((await give("passkey", elsewhere, other)).status).toBe(401);
  expect((await give("passkey", elsewhere)).status).toBe(401);

  const once = await caught(page, "passkey", () => alone(page));
  expect((await give("passkey", once)).status).toBe(200);
  expect((await give("passkey", once)).status).toBe(401);

  const used = await caught(page, "passkey", () => alone(page));
  const next = await caught(page, "passkey", () => alone(page));
  expect((await give("passkey", { input: used.input, cookie: next.cookie })).status).toBe(401);
});

test("a second factor is the person's own", { timeout: A_MINUTE }, async () => {
  const mallory = await withPasskey("mallory", { verifies: true });
  const { input } = await caught(mallory.page, "passkey", () => alone(mallory.page));
  const { id } = JSON.parse((input as { answer: string }).answer) as { id: string };
  const victim = await withPasskey("victor", { verifies: true });
  await victim.page.close();

  const { page } = mallory;
  await lie(page, "factor/begin", () => ({ allowCredentials: [{ id, type: "public-key" }] }));
  await typeName(page, "victor");
  const foreign = await caught(page, "factor", () => beside(page));
  expect((await give("factor", foreign)).status).toBe(401);

  await page.unroute("**/api/sign-in/factor/begin");
  await page.getByRole("button", { name: "Sign in as somebody else" }).click();
  await typeName(page, "mallory");
  const own = await caught(page, "factor", () => beside(page));
  expect((await give("factor", own, address.replace("localhost", "other.localhost"))).status).toBe(401);
  expect((await give("factor", own)).status).toBe(200);
  expect((await give("factor", own)).status).toBe(401);
});

test("a passkey that did not verify its holder counts beside the password, and does not stand alone", {
  timeout: A_MINUTE,
}, async () => {
  const { page, authenticator } = await withPasskey("uma", { verifies: true });
  await lie(page, "passkey/begin", () => ({ userVerification: "discouraged" }));
  const touched = await caught(page, "passkey", () => alone(page));
  expect((await give("passkey", touched)).status).toBe(401);
  await page.unroute("**/api/sign-in/passkey/begin");
  const verified = await caught(page, "passkey", () => alone(page));
  expect((await give("passkey", verified)).status).toBe(200);
  await authenticator.remove();

  const key = await withPasskey("ulf", { verifies: false });
  await typeName(key.page, "ulf");
  await beside(key.page);
  await key.page.getByRole("button", { name: "Search or go to" }).waitFor();
  await key.page.goto(`${address}/me`);
  await key.page.getByText("Beside the password").waitFor();
});

test("under an address instead of a name no passkey is asked for, and having one is not forgotten", {
  timeout: A_MINUTE,
}, async () => {
  const { page } = await withPasskey("ines", { verifies: true });
  const reply = await knock({
    url: program.url,
    route: "POST /sign-in",
    input: { loginName: "ines", password: PASSWORD },
    headers: { origin: program.url },
  });
  expect(JSON.parse(reply.body)).toMatchObject({ step: "second-factor" });
  await page.goto(program.url);
  await typeName(page, "ines");
  await page.getByText("Passkeys work under a host name only").waitFor();
  expect(await page.getByRole("button", { name: "Sign in with a passkey" }).count()).toBe(0);
});
