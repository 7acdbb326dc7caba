import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGroup } from "../../src/iam/schema.ts";
import { type Client, startTestProgram, type TestProgram } from "../support/program.ts";
import { BASE, personLdif, READER, type Slapd, startSlapd } from "../support/slapd.ts";
import { openPageAs, startBrowser } from "./browser.ts";

let program: TestProgram;
let slapd: Slapd;
let admin: Client;
let browser: Browser;
let page: Page;
let faults: string[];
const OPS = `cn=ops,ou=groups,${BASE}`;

beforeAll(async () => {
  [program, slapd] = await Promise.all([startTestProgram({ args: ["--gateways", "1"] }), startSlapd()]);
  const member = `uid=ann,ou=people,${BASE}`;
  await slapd.change(
    [personLdif("ann"), personLdif("bob"), `dn: ${OPS}\nobjectClass: groupOfNames\ncn: ops\nmember: ${member}\n`].join(
      "\n",
    ),
  );
  admin = await program.setUp();
  await admin.call(createGroup, { name: "Operators" });
  browser = await startBrowser();
  ({ page, faults } = await openPageAs(browser, { url: program.url, cookie: admin.cookie }));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await slapd?.stop();
  await program?.stop();
}, 60_000);

const field = (label: RegExp) => page.getByLabel(label).first();
const look = async (name: string): Promise<void> => {
  if (process.env.LOOK_AT) await page.screenshot({ path: `${process.env.LOOK_AT}/${name}.png` });
};

describe("sign-in backends in the console", () => {
  test("a directory is added, tried, mapped and synced, and its people sign in", async () => {
    await page.goto(`${program.url}/console/sign-in`);
    await page.getByText("Only local passwords").waitFor();
    await look("empty");
    await page.getByRole("button", { name: "Add a backend" }).first().click();
    await page.getByRole("menuitem", { name: "LDAP or Active Directory" }).click();
    await field(/^Name/).fill("Directory");
    await field(/^Servers/).fill(slapd.url);
    await field(/^Where people are/).fill(`ou=people,${BASE}`);
    await field(/^Certificate of/).fill(slapd.certificate);
    await field(/^Name to read as/).fill(READER.dn);
    await field(/^Password of that name/).fill(READER.password);
    await look("add");
    await page.getByRole("button", { name: "Add a backend" }).last().click();
    await page.getByRole("heading", { name: "Directory" }).first().waitFor();
    await look("settings");

    await page.getByRole("tab", { name: "Test" }).click();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("It works", { exact: true }).waitFor();
    await field(/^Name \(optional\)/).fill("ann");
    await field(/^Password/).fill("ann-password");
    // The sign of the first test's waiting may still be leaving the button, and is part of its name until then.
    await page.getByRole("button", { name: /Test$/ }).click();
    await page.getByText("The password is right.").waitFor();
    await page.getByText("nobody is linked").waitFor();
    await look("test");
    expect(await page.locator("pre").innerText()).toContain(`uid=ann,ou=people,${BASE}`);
    expect(await page.content()).not.toContain(READER.password);

    await page.getByRole("tab", { name: "Mappings" }).click();
    await page.getByRole("button", { name: "Add a mapping" }).first().click();
    await field(/^Group there/).fill(OPS);
    await page
      .getByLabel(/^Group/)
      .nth(1)
      .fill("Oper");
    await page.getByText("Operators", { exact: true }).last().click();
    await look("map");
    await page.getByRole("button", { name: "Add a mapping" }).last().click();
    await page.getByText("Group: Operators").waitFor();
    await look("mappings");

    await page.getByRole("tab", { name: "Settings" }).click();
    await page
      .getByLabel(/^Active/)
      .first()
      .click();
    await page
      .getByLabel(/^Create users who/)
      .first()
      .click();
    await page
      .getByLabel(/^Organization of its/)
      .first()
      .fill("Def");
    await page.getByText("Default", { exact: true }).last().click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("tab", { name: "Sync" }).click();
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText(/2 would be created/).waitFor();
    await look("preview");
    await page.getByRole("button", { name: "Sync now" }).click();
    await page.getByText(/2 created/).waitFor();
    const ann = await program.signIn("ann", "ann-password");
    expect(await (await ann.fetch("/api/me")).json()).toMatchObject({ loginName: "ann", name: "Ann Person" });
    await page.goto(`${program.url}/console/sign-in`);
    await page.getByText("Active", { exact: true }).first().waitFor();
    await look("list");
    expect(faults).toEqual([]);
  }, 120_000);

  test("the same on a narrow screen, in the dark and in Chinese", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.evaluate(() => localStorage.setItem("sallyport.language", "zh"));
    await page.goto(`${program.url}/console/sign-in`);
    await page.getByText("Directory").first().click();
    await page.getByRole("tab", { name: "测试" }).waitFor();
    await page.getByText("服务器").first().waitFor();
    await look("narrow-settings");
    await page.getByRole("tab", { name: "测试" }).click();
    await page
      .getByRole("button", { name: /测\s*试/ })
      .last()
      .click();
    await page.getByText("可以使用").waitFor();
    await look("narrow-test");
    const wide = await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
    expect(wide).toBe(false);
    expect(faults).toEqual([]);
  }, 60_000);
});
