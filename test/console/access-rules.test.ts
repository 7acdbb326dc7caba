import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAccount, createAsset, listAccessRules } from "../../src/assets/schema.ts";
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
  const protocols = [{ kind: "ssh", port: 22 }];
  const asset = await admin.call(createAsset, { name: "web1", host: "10.0.0.7", protocols });
  const secret = { kind: "password" as const, value: "s3cret" };
  await admin.call(createAccount, { assetId: asset.id, username: "root", secret });
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
}, 60_000);

const choose = async (label: RegExp, option: string): Promise<void> => {
  await page.getByLabel(label).first().click();
  await page.locator(".ant-select-dropdown:visible .ant-select-item-option", { hasText: option }).first().click();
};

test("an access rule is made by conditions and times, shown, checked and switched off", async () => {
  await page.goto(`${program.url}/console/access-rules`);
  await page.getByRole("button", { name: "Create rule on connecting" }).first().click();
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel(/^Name/).first().fill("Never from there");
  await drawer.getByRole("group", { name: "Assets", exact: true }).getByText("By conditions").click();
  await drawer.getByRole("textbox", { name: "Value", exact: true }).fill("web1");
  await drawer.getByLabel("Addresses and networks of the person").fill("192.0.2.0/24,");
  await drawer.getByText("Only at these times of the week").click();
  await drawer.getByLabel("Until; earlier than the start: on the next day").first().fill("25:00");
  await drawer.getByRole("button", { name: "Create rule" }).click();
  await drawer.getByText("Give a time from 00:00 to 24:00.").first().waitFor();
  await drawer.getByText("Only at these times of the week").click();
  await drawer.getByRole("button", { name: "Create rule" }).click();
  await page.getByText("Never from there").first().waitFor();
  const { items } = await admin.call(listAccessRules, {});
  expect(items).toMatchObject([
    {
      kind: "connect",
      action: "reject",
      users: { type: "all" },
      assets: { type: "attributes", all: [{ name: "name", match: "equals", value: "web1" }] },
      accounts: null,
      settings: { addresses: ["192.0.2.0/24"], times: null },
    },
  ]);

  await page.goto(`${program.url}/console/access-check`);
  await choose(/^User/, "Ada");
  await choose(/^Asset/, "web1");
  await choose(/^Account/, "root");
  await page.getByLabel(/^From the address/).fill("192.0.2.9");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("It is refused.").waitFor();
  await page.getByText(/The access rule "Never from there"/).waitFor();
  await page.getByLabel(/^From the address/).fill("10.0.0.1");
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText("It goes on.").waitFor();

  await page.goto(`${program.url}/console/access-rules`);
  await page.getByText("Never from there").first().click();
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByText("Switched off").first().waitFor();
  expect((await admin.call(listAccessRules, {})).items).toMatchObject([{ active: false }]);
  expect(faults).toEqual([]);
}, 90_000);
