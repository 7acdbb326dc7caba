import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGroup, createUser, listUsers, readUser, type User } from "../../src/iam/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { openPageAs, startBrowser } from "./browser.ts";

const PEOPLE = 120;
let program: TestProgram;
let admin: Client;
let browser: Browser;
let page: Page;
let faults: string[];
const people: User[] = [];

beforeAll(async () => {
  program = await startTestProgram({ args: ["--gateways", "1"] });
  admin = await program.setUp();
  for (let at = 0; at < PEOPLE; at++) {
    const name = `p${String(at).padStart(3, "0")}`;
    people.push(await admin.call(createUser, { loginName: name, name: `Person ${name}` }));
  }
  await admin.call(createGroup, { name: "Night shift" });
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
}, 60_000);

const user = (at: number) => admin.call(readUser, { id: people[at]?.id ?? "" });
const bar = () => page.locator(".bulk-bar");
const dialog = () =>
  page.locator(".ant-modal").filter({ has: page.getByRole("button", { name: "Close", exact: true }) });

async function choose(...names: readonly string[]): Promise<void> {
  await page.goto(`${program.url}/console/users`);
  for (const name of names) await page.getByRole("row", { name }).getByRole("checkbox").check();
  await bar().getByText(`${names.length} selected`).waitFor();
}

/** Opens the form over the chosen users and says what is to change. */
async function change(what: string): Promise<void> {
  await bar().getByRole("button", { name: "Change", exact: true }).click();
  await page.getByLabel(/^What to change/).click();
  await page.locator(".ant-select-item-option", { hasText: what }).click();
}

async function pick(label: string, typed: string): Promise<void> {
  await page.getByLabel(label).fill(typed);
  await page.locator(".ant-select-item-option", { hasText: typed }).first().click();
}

const go = () => page.getByRole("button", { name: "Change all" }).click();

/** The results of the rows as shown: login name → "Done", or the reason. */
async function results(): Promise<Record<string, string>> {
  const rows = dialog().locator("tbody tr");
  await rows.first().waitFor();
  const texts = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll("td")].map(({ textContent }) => textContent ?? "")),
  );
  return Object.fromEntries(texts.map(([state = "", name = "", reason = ""]) => [name, reason || state]));
}

async function close(): Promise<void> {
  await dialog().locator(".ant-modal-footer").getByRole("button", { name: "Close" }).click();
  await dialog().waitFor({ state: "detached" });
}

describe("many users at once", () => {
  test("join a group, and each row says so", async () => {
    await choose("p001", "p002");
    await change("Groups");
    await pick("Add to groups", "Night shift");
    await go();
    expect(await results()).toEqual({ p001: "Done", p002: "Done" });
    await close();
    await bar().waitFor({ state: "detached" });
    expect((await user(1)).groups.map(({ name }) => name)).toEqual(["Night shift"]);
    expect((await user(3)).groups).toEqual([]);
  }, 60_000);

  test("get a role; one's own row is refused with its reason, the others go on, and stay chosen", async () => {
    await choose("admin", "p001");
    await change("Roles");
    await pick("Give roles", "Auditor");
    await go();
    const told = await results();
    expect(told.p001).toBe("Done");
    expect(told.admin).toMatch(/your own|yourself/i);
    await dialog().getByText("1 of 2 did not work").waitFor();
    await close();
    await bar().getByText("2 selected").waitFor();
    expect((await user(1)).roles.toSorted()).toEqual(["auditor", "user"]);
  }, 60_000);

  test("get an end, and lose it again", async () => {
    await choose("p002", "p003");
    await change("When they expire");
    await page.getByLabel("Expires at").fill("2099-12-24T18:00");
    await go();
    expect(await results()).toEqual({ p002: "Done", p003: "Done" });
    await close();
    expect((await user(2)).expiresAt).toContain("2099-12-24");
    await choose("p002");
    await change("When they expire");
    await go();
    await results();
    await close();
    expect([(await user(2)).expiresAt, (await user(3)).expiresAt?.slice(0, 4)]).toEqual([null, "2099"]);
  }, 60_000);

  test("are disabled and enabled", async () => {
    await choose("p004", "p005");
    await bar().getByRole("button", { name: "Disable" }).click();
    await page.locator(".ant-modal").getByRole("button", { name: "Disable" }).click();
    expect(await results()).toEqual({ p004: "Done", p005: "Done" });
    await close();
    expect([(await user(4)).active, (await user(5)).active]).toEqual([false, false]);
    await choose("p004");
    await bar().getByRole("button", { name: "Enable" }).click();
    expect(await results()).toEqual({ p004: "Done" });
    await close();
    expect([(await user(4)).active, (await user(5)).active]).toEqual([true, false]);
  }, 60_000);

  test("are deleted in more than one call, once their number was typed; oneself stays", async () => {
    await page.goto(`${program.url}/console/users`);
    await page.getByRole("row", { name: "p001" }).waitFor();
    await page.locator(".table-body, [role=grid], [role=table]").first().hover();
    await page.mouse.wheel(0, 100_000);
    await page.getByText(`${PEOPLE + 1} rows`).waitFor();
    await page.getByRole("checkbox", { name: "Select all that are loaded" }).check();
    await bar()
      .getByText(`${PEOPLE + 1} selected`)
      .waitFor();
    await bar().getByRole("button", { name: "Delete" }).click();
    const sure = page.locator(".ant-modal").getByRole("button", { name: "Delete" });
    expect(await sure.isDisabled()).toBe(true);
    await page.getByLabel(/^Type 121/).fill("121");
    await sure.click();
    const told = await results();
    expect(Object.keys(told)).toHaveLength(PEOPLE + 1);
    expect(
      Object.entries(told)
        .filter(([, what]) => what !== "Done")
        .map(([name]) => name),
    ).toEqual(["admin"]);
    await close();
    expect((await admin.call(listUsers, { limit: 10 })).items.map(({ loginName }) => loginName)).toEqual(["admin"]);
  }, 90_000);
});

test("no page had an uncaught error", () => {
  expect(faults).toEqual([]);
});
