import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../src/core/index.ts";
import { openDatabase } from "../security/gate.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { MAIL_USER, type MailServer, startMailServer } from "../support/smtp.ts";
import { openPageAs, startBrowser } from "./browser.ts";

let program: TestProgram;
let mail: MailServer;
let admin: Client;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  program = await startTestProgram({ args: ["--gateways", "1"] });
  admin = await program.setUp();
  mail = await startMailServer();
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await mail?.stop();
  await program?.stop();
}, 60_000);

const field = (label: RegExp) => page.getByLabel(label).first();
const save = () => page.getByRole("button", { name: "Save" }).click();

describe("the settings of mail in the console", () => {
  test("are filled in, refused at their field, saved, tried, and set back", async () => {
    await page.goto(`${program.url}/console/settings/mail`);
    await field(/^Server/).fill("localhost");
    await save();
    await page.getByText("Give the address that mail comes from.").waitFor();
    await field(/^Port/).fill(String(mail.port));
    await field(/^User/).fill(MAIL_USER.user);
    await field(/^Password/).fill(MAIL_USER.password);
    await field(/^From address/).fill("gate@example.org");
    await field(/^Certificate of/).fill(mail.certificate);
    await save();
    await page.getByText("Remove what is stored").waitFor();
    expect(await field(/^Password/).inputValue()).toBe("");
    await page.getByLabel("To", { exact: true }).fill("ada@example.org");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("The server took the mail").waitFor();
    expect(await page.locator("pre").innerText()).toContain("> STARTTLS");
    expect(mail.received).toHaveLength(1);
    expect(await page.content()).not.toContain(MAIL_USER.password);
    await page.getByRole("button", { name: "Back to: 587" }).click();
    await page
      .getByText(/Type it again, or remove it/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Remove what is stored" }).click();
    await page.getByText("Remove what is stored").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Back to: 587" }).click();
    await expect.poll(() => field(/^Port/).inputValue()).toBe("587");
  }, 60_000);

  test("are saved by two people: who comes second sees both versions", async () => {
    await page.goto(`${program.url}/console/settings/mail`);
    await field(/^From name/).fill("Mine");
    const read = (await (await admin.fetch("/api/settings/mail")).json()) as { version: number };
    const theirs = { version: read.version, values: { fromName: "Theirs" } };
    const init = { method: "PATCH", body: JSON.stringify(theirs), headers: { "content-type": "application/json" } };
    expect((await admin.fetch("/api/settings/mail", init)).status).toBe(200);
    await save();
    await page.getByText("Somebody else changed this meanwhile").waitFor();
    await page.getByRole("button", { name: "Theirs" }).waitFor();
    await save();
    await expect
      .poll(async () => ((await (await admin.fetch("/api/settings/mail")).json()) as { values: object }).values)
      .toMatchObject({ fromName: "Mine", port: 587, host: "localhost" });
  }, 60_000);
});

describe("a job in the console", () => {
  test("shows how far it is, goes on where it was after the page was left, and is cancelled", async () => {
    const { id: me, organization } = (await (await admin.fetch("/api/me")).json()) as {
      id: string;
      organization: { id: string };
    };
    const database = await openDatabase(program);
    const id = newId();
    const job = { id, org_id: organization.id, kind: "probe", title: "A long import", started_by: me, results: 1 };
    const running = {
      state: "running",
      started_at: new Date(Date.now() - 60_000),
      beat_at: new Date(Date.now() + 600_000),
    };
    try {
      await database.db
        .insertInto("job")
        .values({ ...job, ...running, started_by_name: "Ada", done: 50, total: 200 })
        .execute();
      const result = { job_id: id, number: 1, outcome: "failed", subject: "eve", message: "The name is taken." };
      await database.db.insertInto("job_result").values(result).execute();
      await page.goto(`${program.url}/jobs`);
      await page.getByText("A long import").first().dblclick();
      await page.getByText("50 of 200 done").waitFor();
      await page.getByText(/about 3:\d\d left/).waitFor();
      await page.getByText("The name is taken.").waitFor();
      await database.db.updateTable("job").set({ done: 150 }).where("id", "=", id).execute();
      await page.getByText("150 of 200 done").waitFor();
      await page.goto(`${program.url}/console/users`);
      await page.goBack();
      await page.getByText("150 of 200 done").waitFor();
      await page.getByRole("button", { name: "Cancel" }).first().click();
      await page.getByText("It is being cancelled.").waitFor();
    } finally {
      await database.close();
    }
    expect(faults).toEqual([]);
  }, 60_000);
});
