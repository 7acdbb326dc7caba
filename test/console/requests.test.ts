import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createAccount,
  createAsset,
  createRequestRule,
  listGrants,
  listMyAssets,
  listRequestRules,
} from "../../src/assets/schema.ts";
import { addGroupMembers, createGroup, createUser } from "../../src/iam/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { openPageAs, startBrowser } from "./browser.ts";

const PASSWORD = "a long word, and some more";

let program: TestProgram;
let browser: Browser;
let admin: Client;
let ann: Client;
let asking: Page;
let deciding: Page;
let faults: () => string[];

beforeAll(async () => {
  program = await startTestProgram({ args: ["--gateways", "1"] });
  admin = await program.setUp();
  const user = await admin.call(createUser, { loginName: "ann", name: "Ann", password: PASSWORD });
  const me = (await (await admin.fetch("/api/me")).json()) as { id: string };
  for (const name of ["web-1", "web-2"]) {
    const made = await admin.call(createAsset, { name, host: "10.0.0.1", protocols: [{ kind: "ssh", port: 22 }] });
    const secret = { kind: "password" as const, value: "unused" };
    for (const username of ["root", "deploy"]) await admin.call(createAccount, { assetId: made.id, username, secret });
  }
  const group = await admin.call(createGroup, { name: "On call" });
  await admin.call(addGroupMembers, { id: group.id, userIds: [user.id] });
  const shared = { coversEverything: true, reviewerUserIds: [me.id] };
  await admin.call(createRequestRule, { ...shared, name: "Production", forEverybody: true, longestMinutes: 240 });
  await admin.call(createRequestRule, { ...shared, name: "Emergency", breakGlass: true, askerGroupIds: [group.id] });
  ann = await program.signIn("ann", PASSWORD);
  browser = await startBrowser();
  const [one, two] = [
    await openPageAs(browser, { url: program.url, cookie: ann.cookie }),
    await openPageAs(browser, { url: program.url, cookie: admin.cookie }),
  ];
  [asking, deciding] = [one.page, two.page];
  faults = () => [...one.faults, ...two.faults];
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
}, 60_000);

/** Types into a picker of many, and takes what is found. */
async function pick(page: Page, label: string, text: string): Promise<void> {
  const field = page.getByRole("dialog").getByLabel(label).first();
  await field.click();
  await field.fill(text);
  await page.locator(".ant-select-item-option").filter({ hasText: text }).first().click();
  await field.press("Escape");
}

async function fillRequest(asset: string, accounts: readonly string[]): Promise<void> {
  const dialog = asking.getByRole("dialog");
  await pick(asking, "Assets", asset);
  for (const account of accounts) {
    await dialog.getByLabel("Accounts").first().fill(account);
    await dialog.getByLabel("Accounts").first().press("Enter");
  }
  await dialog.getByLabel("Reason").fill("The disk is full");
}

describe("a request in the console", () => {
  test("is asked for by the whole name, narrowed and approved by its reviewer, and reached by who asked", async () => {
    await asking.goto(`${program.url}/requests`);
    await asking.getByRole("button", { name: "New request" }).first().click();
    await fillRequest("web-1", ["root", "deploy"]);
    await asking.getByRole("button", { name: "Send" }).click();
    await asking.getByRole("heading", { name: "Access: web-1" }).waitFor();
    await asking.getByText("Waiting").first().waitFor();

    await deciding.goto(`${program.url}/to-decide`);
    await deciding.getByText("Access: web-1").first().click();
    await deciding.getByText("other accounts that Ann has there by other rules get all of them").waitFor();
    await deciding.getByRole("button", { name: "Approve" }).click();
    const dialog = deciding.getByRole("dialog");
    await dialog.getByLabel("root").uncheck();
    await dialog.getByLabel("Comment").fill("deploy is enough");
    await dialog.getByRole("button", { name: "Approve this much" }).click();
    await deciding.getByText("What was given").first().waitFor();

    await asking.getByText("Approved").first().waitFor({ timeout: 15_000 });
    await asking.getByText("deploy is enough").waitFor();
    const { items } = await ann.call(listMyAssets, {});
    expect(items.map(({ name, accounts }) => [name, accounts.map((one) => one.name)])).toEqual([["web-1", ["deploy"]]]);
    const [grant] = (await admin.call(listGrants, {})).items;
    await deciding.goto(`${program.url}/console/rules/${grant?.id}`);
    await deciding.getByRole("link", { name: "A request made this rule" }).click();
    await deciding.getByRole("heading", { name: "Access: web-1" }).waitFor();
    expect(faults()).toEqual([]);
  }, 90_000);

  test("of broken glass opens at once and stays owed until its reviewer decides", async () => {
    await asking.goto(`${program.url}/requests`);
    await asking.getByRole("button", { name: "Break glass" }).first().click();
    await fillRequest("web-2", ["root"]);
    await asking.getByRole("dialog").getByRole("button", { name: "Break glass" }).click();
    await asking.getByRole("heading", { name: "Break-glass: web-2" }).waitFor();
    expect((await ann.call(listMyAssets, {})).items.map(({ name }) => name)).toEqual(["web-1", "web-2"]);
    await asking.goto(`${program.url}/requests`);
    await asking.getByText("1 review of your broken glass is owed.").waitFor();
    await deciding.goto(`${program.url}/console/requests`);
    await deciding.getByText("Break-glass: web-2").first().click();
    await deciding.getByRole("button", { name: "Reject" }).click();
    await deciding.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
    await expect
      .poll(async () => (await ann.call(listMyAssets, {})).items.map(({ name }) => name), { timeout: 10_000 })
      .toEqual(["web-1"]);
    expect(faults()).toEqual([]);
  }, 90_000);

  test("needs a rule, which an administrator makes here", async () => {
    await deciding.goto(`${program.url}/console/request-rules`);
    await deciding.getByText("Production").first().waitFor();
    await deciding.getByRole("button", { name: "Create request rule" }).first().click();
    const dialog = deciding.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Databases");
    await dialog.getByRole("button", { name: "Create request rule" }).click();
    await deciding.getByText("Databases").first().waitFor();
    await deciding.getByText("Names nobody").first().waitFor();
    const { items } = await admin.call(listRequestRules, { search: "Databases" });
    expect(items.map(({ ineffective }) => ineffective)).toEqual([["no-askers", "no-assets", "no-reviewers"]]);
  }, 60_000);
});
