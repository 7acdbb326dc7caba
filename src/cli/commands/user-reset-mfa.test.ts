import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { browser, enrolTotp, withPassword } from "../../../test/security/way-in.ts";

let door: Door;
let data: string;
beforeAll(async () => {
  door = await openDoor();
  data = await mkdtemp(join(tmpdir(), "sallyport-reset-"));
});
afterAll(async () => {
  await door?.close();
  await rm(data, { recursive: true, force: true });
});

/** The command line as a process of its own, without a master key, killed after a minute. */
async function sallyport(...args: string[]) {
  const { SALLYPORT_MASTER_KEY: _, ...env } = process.env;
  const main = join(import.meta.dirname, "..", "main.ts");
  const words = ["user", "reset-mfa", ...args, "--data", data, "--database", door.url];
  const child = spawn(process.execPath, [main, ...words], { env, timeout: 60_000 });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, ...said };
}

test("the sole administrator who lost the device gets in again, and the trail tells of it", async () => {
  const { id } = await door.person("sole", { roles: ["administrator", "system-administrator"] });
  await withPassword(door, id);
  const { browser: window } = await enrolTotp(door, "sole");
  expect(await sallyport("sole")).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringMatching(/factors of "sole" were removed/),
  });
  expect(await window.isIn()).toBe(false);
  expect(await browser(door).signIn("sole")).toMatchObject({ step: "enrol" });
  const event = (await door.events("user.factor.reset")).at(-1);
  expect(event).toMatchObject({ outcome: "ok", actor_name: "system", target_id: id, fields: { onMachine: true } });
  expect(await sallyport("sole")).toMatchObject({ code: 0, out: expect.stringMatching(/had no second factor/) });
});

test("a name that nobody bears, or none at all, is said", async () => {
  expect(await sallyport("nobody")).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/no user "nobody"/) });
  expect(await sallyport()).toMatchObject({ code: 2, err: expect.stringMatching(/Something is missing/) });
});
