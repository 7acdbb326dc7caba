import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_ORGANIZATION } from "../../src/iam/index.ts";
import { createSignInBackend, listUsers, updateSignInBackend } from "../../src/iam/schema.ts";
import { startOidcProvider } from "../support/providers/oidc.ts";
import { ADMIN, type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { startBrowser } from "./browser.ts";

const people = {
  alice: { sub: "subject-of-alice", name: "Alice Example", preferred_username: "alice", email: "alice@example.org" },
  ada: { sub: "subject-of-ada", name: "Ada at the provider", preferred_username: "admin" },
};
let program: TestProgram;
let provider: Awaited<ReturnType<typeof startOidcProvider>>;
let admin: Client;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  program = await startTestProgram();
  admin = await program.setUp();
  const settings = { issuer: "https://127.0.0.1:1", clientId: "gate", clientSecret: "right-secret-of-the-gate" };
  const input = { kind: "oidc", name: "The provider", settings, orgId: DEFAULT_ORGANIZATION, createsUsers: true };
  const { id, version } = await admin.call(createSignInBackend, input);
  const client = {
    client_id: "gate",
    client_secret: settings.clientSecret,
    redirect_uris: [`${program.url}/sign-in/callback/${id}`],
    post_logout_redirect_uris: [`${program.url}/`],
  };
  provider = await startOidcProvider({ people, clients: [client] });
  const moved = { ...settings, issuer: provider.issuer, ca: provider.ca };
  await admin.call(updateSignInBackend, { id, version, active: true, settings: moved });
  browser = await startBrowser();
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await provider?.close();
  await program?.stop();
});

async function open(): Promise<void> {
  context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  await page.goto(`${program.url}/`);
}

async function goThere(login: string): Promise<void> {
  await page.getByRole("button", { name: /The provider/ }).click();
  await page.locator('input[name="login"]').fill(login);
  await page.getByRole("button", { name: "Sign in" }).click();
}

describe("a provider in the browser", () => {
  test("signs in from the sign-in page, and out again on both sides", async () => {
    await open();
    await goThere("alice");
    await page.getByText("Alice Example").first().waitFor();
    expect(page.url()).not.toContain("code=");
    const { items } = await admin.call(listUsers, { search: "alice" });
    expect(items).toMatchObject([{ loginName: "alice", name: "Alice Example" }]);
    const left = page.waitForRequest((request) => request.url().startsWith(`${provider.issuer}/session/end`));
    await page.getByRole("button", { name: "Alice Example" }).click();
    await page.getByText("Sign out", { exact: true }).click();
    expect((await left).url()).toContain("id_token_hint=");
    await context.close();
  }, 60_000);

  test("somebody of an equal name is nobody, until the user links it on the own page", async () => {
    await open();
    await goThere("ada");
    await page.getByText(/belongs to another user here/).waitFor();
    await context.close();
    await open();
    await page.getByLabel("Login name").fill(ADMIN.loginName);
    await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText(ADMIN.name).first().waitFor();
    await page.goto(`${program.url}/me`);
    await page.getByRole("button", { name: "Link a provider" }).click();
    await page.getByRole("menuitem", { name: "The provider" }).click();
    await page.locator('input[name="login"]').fill("ada");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#identities").getByText("The provider").waitFor();
    await context.close();
    await open();
    await goThere("ada");
    await page.getByText(ADMIN.name).first().waitFor();
    expect(page.url()).not.toContain("/sign-in");
    await context.close();
  }, 60_000);
});
