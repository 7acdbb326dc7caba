import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAccount, createAsset, createGrant, listGrants } from "../../src/assets/schema.ts";
import { createGroup, createUser } from "../../src/iam/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { openPageAs, startBrowser } from "./browser.ts";

let program: TestProgram;
let admin: Client;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  program = await startTestProgram({ args: ["--gateways", "1"] });
  admin = await program.setUp();
  const ann = await admin.call(createUser, { loginName: "ann", name: "Ann Ops" });
  const bob = await admin.call(createUser, { loginName: "bob", name: "Bob Ops" });
  await admin.call(createGroup, { name: "Operators", userIds: [ann.id, bob.id] });
  const protocols = [{ kind: "ssh", port: 22 }];
  const web = await admin.call(createAsset, { name: "web-1", host: "10.0.0.1", protocols });
  await admin.call(createAsset, { name: "web-2", host: "10.0.0.2", protocols });
  await admin.call(createAccount, { assetId: web.id, username: "root", secret: { kind: "password", value: "s3cret" } });
  await admin.call(createGrant, {
    name: "Old rule",
    userIds: [ann.id],
    assetIds: [web.id],
    accounts: { all: true },
    protocols: { all: true },
    active: false,
  });
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
}, 60_000);

async function look(name: string): Promise<void> {
  if (!process.env.LOOK_AT) return;
  for (const [scheme, width] of [
    ["light", 1440],
    ["dark", 1440],
    ["light", 390],
    ["dark", 390],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${process.env.LOOK_AT}/${name}-${scheme}-${width}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
}

async function choose(label: RegExp, name: string): Promise<void> {
  const box = page.locator("form").getByLabel(label).first();
  await box.click();
  await box.pressSequentially(name);
  await page.locator(".ant-select-item-option").filter({ hasText: name }).first().click();
  await page.locator("h1, .ant-drawer-title").last().click();
}

describe("permission rules in the console", () => {
  test("the form counts whom the rule joins, and takes its end and where ports go", async () => {
    await page.goto(`${program.url}/console/rules`);
    await page.getByRole("button", { name: "Create rule" }).first().click();
    await page.locator(".ant-drawer").getByLabel(/^Name/).first().fill("Operators on the web");
    await choose(/^Groups/, "Operators");
    await choose(/^Assets/, "web-1");
    await page.getByText("This will let 2 people reach 1 asset.").waitFor();
    await page.getByRole("checkbox", { name: /Every account stored/ }).check();
    await page.getByRole("checkbox", { name: /forward ports/ }).check();
    await page.getByText("Still to choose: where ports may be forwarded to").waitFor();
    const to = page.getByLabel("Forwarding to").first();
    await to.click();
    await to.pressSequentially("10.0.0.0/16:22");
    await page.keyboard.press("Enter");
    await page.locator(".ant-drawer-title").click();
    await page.getByText("Ports may be forwarded to 10.0.0.0/16:22.").waitFor();
    const drawer = page.locator(".ant-drawer");
    await drawer.getByLabel(/^Until/).fill("2031-01-01T10:00");
    await drawer.getByLabel(/^When it ends/).click();
    await page.getByText("Warn, and cut some minutes later").last().click();
    await page.getByText("Then live sessions are warned and closed after 10 minutes.").waitFor();
    await look("form");
    await page.getByRole("button", { name: "Create rule" }).last().click();
    await page.getByRole("heading", { name: "Operators on the web" }).first().waitFor();
    const { items } = await admin.call(listGrants, { search: "Operators on" });
    expect(items).toMatchObject([{ forwardTo: ["10.0.0.0/16:22"], atEnd: { what: "warn", minutes: 10 } }]);
    expect(faults).toEqual([]);
  }, 60_000);

  test("why not names what the rule lacks, and the rule to change", async () => {
    await page.goto(`${program.url}/console/why`);
    await choose(/^User/, "Ann");
    await choose(/^Asset/, "web-2");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Ann Ops may not connect on web-2.").waitFor();
    await page.getByText("The asset has no account.").waitFor();
    await choose(/^Asset/, "web-1");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Ann Ops may connect on root@web-1.").waitFor();
    await page.getByText("Names the person through Operators.").waitFor();
    await page.getByText("It is switched off.").waitFor();
    await look("why");
    expect(faults).toEqual([]);
  }, 60_000);
});
