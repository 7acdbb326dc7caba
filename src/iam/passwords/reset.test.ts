import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { browser, codeOf, enrolTotp, freshAddress, mustBeIn, withPassword } from "../../../test/security/way-in.ts";
import { MAIL_USER, type MailServer, startMailServer } from "../../../test/support/smtp.ts";
import type { Actor } from "../../core/index.ts";
import { readSettings, updateSettings } from "../../platform/schema.ts";
import { forgotPassword, mailResetLink, resetPassword, setUserPassword, updateUser, readUser } from "../schema.ts";

const PASSWORD = "correct horse battery";
const NEXT = "an entirely new one 7";
let door: Door;
let admin: Actor & { id: string };
let server: MailServer;
let working: { stop(): Promise<void> };

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  const person = await door.person("mail-admin", { roles: ["administrator", "system-administrator"] });
  admin = { ...person, origin: "https://gate.example" };
  server = await startMailServer();
});
afterAll(async () => {
  await working?.stop();
  await server.stop();
  await door.close();
});

let count = 0;
async function member() {
  const name = `person-${++count}`;
  const made = await door.person(name);
  await door.db
    .updateTable("users")
    .set({ email: `${name}@example.org` })
    .where("id", "=", made.id)
    .execute();
  await withPassword(door, made.id);
  return { ...made, email: `${name}@example.org` };
}
const forgot = (who: string, from: Actor = guest(freshAddress())) => door.call(from, forgotPassword, { who });
const mailsTo = (email: string, about = "") =>
  server.received.filter(({ to, text }) => JSON.stringify(to).includes(email) && (text ?? "").includes(about));

async function tokenFor(email: string, after = 0): Promise<string> {
  for (let turn = 0; turn < 200; turn++) {
    const link = /https:\/\/gate\.example\/reset#(\S+)/.exec(mailsTo(email, "/reset#").at(after)?.text ?? "");
    if (link?.[1]) return link[1];
    await pause(50);
  }
  throw new Error("No mail came");
}
/** As if the last mail was sent a minute ago. */
const minuteLater = () => sql`update reset_mailed set at = at - interval '61 seconds'`.execute(door.db);
const reset = (token: string, password = NEXT, address = freshAddress()) =>
  door.codeOf(door.call(guest(address), resetPassword, { token, password }));

test("while mail is not set up everybody is told so, known or not", async () => {
  const { name } = await member();
  const answers: unknown[] = [];
  for (const who of [name, "nobody-known"])
    answers.push(await forgot(who).catch((error) => [error.code, error.message]));
  expect(answers[0]).toEqual(["conflict", expect.stringContaining("Ask an administrator")]);
  expect(answers[1]).toEqual(answers[0]);

  const { version } = await door.call(admin, readSettings, { key: "mail" });
  const { port, certificate } = server;
  const values = { host: "localhost", port, ...MAIL_USER, fromAddress: "gate@example.org", caCertificate: certificate };
  await door.call(admin, updateSettings, { key: "mail", version, values });
  working = await door.platform.work({ ...door.iam.work, receiverOf: door.receiverOf });
});

describe("a forgotten password", () => {
  test("is answered alike and in the same time, whoever is asked about; only who has password and address gets a mail", async () => {
    const { name, email } = await member();
    const bare = await door.person("bare-of-password");
    await door.db.updateTable("users").set({ email: "bare@example.org" }).where("id", "=", bare.id).execute();
    const gone = await member();
    await door.db.updateTable("users").set({ active: false }).where("id", "=", gone.id).execute();
    const times: number[] = [];
    for (const who of [name, "nobody-known", "bare@example.org", gone.name, "a@b"]) {
      const started = performance.now();
      expect(await forgot(who)).toEqual({});
      times.push(performance.now() - started);
    }
    expect(Math.min(...times)).toBeGreaterThan(590);
    await tokenFor(email);
    expect(mailsTo("bare@example.org")).toEqual([]);
    expect(mailsTo(gone.email)).toEqual([]);
  });

  test("by the link becomes a new one, once; sessions end, the person is told, and the way in goes on", async () => {
    const { id, name, email } = await member();
    const before = browser(door);
    mustBeIn(await before.signIn(name));
    await forgot(email.toUpperCase());
    const token = await tokenFor(email);
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await reset(token, "Password123!")).toBe("invalid");
    expect(await reset(token, PASSWORD)).toBe("invalid");
    const window = browser(door, "10.88.1.1");
    mustBeIn(await window.call(resetPassword, { token, password: NEXT }));
    expect([await window.isIn(), await before.isIn()]).toEqual([true, false]);
    expect(await reset(token, "yet another one 99")).toBe("denied");
    mustBeIn(await browser(door).signIn(name, NEXT));
    for (let turn = 0; turn < 100 && mailsTo(email, "was changed").length === 0; turn++) await pause(50);
    expect(mailsTo(email, "10.88.1.1")).toHaveLength(1);
    const { rows } = await sql<{
      row: string;
    }>`select t::text as row from mailed_token t where user_id = ${id}`.execute(door.db);
    expect(rows.map(({ row }) => row).join()).not.toContain(token);
    expect(JSON.stringify(await door.events("sign-in.reset"))).not.toContain(token);
  });

  test("never skips the second factor", async () => {
    const { name, email } = await member();
    const { secret } = await enrolTotp(door, name);
    await forgot(name);
    const window = browser(door);
    const step = await window.call(resetPassword, { token: await tokenFor(email), password: NEXT });
    expect(step).toMatchObject({ step: "second-factor" });
    expect(await window.isIn()).toBe(false);
    mustBeIn(await window.answer("totp", codeOf(secret, 1)));
  });

  test("is mailed once a minute and person, and the newest link alone counts", async () => {
    const { name, email } = await member();
    await Promise.all([forgot(name), forgot(name), forgot(email)]);
    const first = await tokenFor(email);
    await forgot(name);
    expect(mailsTo(email, "/reset#")).toHaveLength(1);
    await minuteLater();
    await forgot(name);
    const second = await tokenFor(email, 1);
    expect([await reset(first), await reset(second)]).toEqual(["denied", "ok"]);
  });

  test("links are void after an hour, after another password, after another address, and for who is disabled", async () => {
    const link = async () => {
      const person = await member();
      await forgot(person.name);
      return { ...person, token: await tokenFor(person.email) };
    };
    const late = await link();
    await sql`update mailed_token set expires_at = now() - interval '1 second' where user_id = ${late.id}`.execute(
      door.db,
    );
    const changed = await link();
    await door.call(admin, setUserPassword, { id: changed.id, password: "given by somebody 1" });
    const moved = await link();
    for (const email of ["elsewhere@example.org", moved.email]) {
      const { version } = await door.call(admin, readUser, { id: moved.id });
      await door.call(admin, updateUser, { id: moved.id, version, email });
    }
    const off = await link();
    await door.db.updateTable("users").set({ active: false }).where("id", "=", off.id).execute();
    for (const { token } of [late, changed, moved, off]) expect(await reset(token)).toBe("denied");
  });

  test("asking, and guessing at tokens, is braked by address and slows nobody's sign-in", async () => {
    const asked: string[] = [];
    for (let tries = 0; tries < 9; tries++) {
      asked.push(await door.codeOf(forgot(`nobody-${tries}`, guest("10.89.0.1"))));
    }
    const guessed = await Promise.all(
      Array.from({ length: 30 }, (_, n) => reset(`${"x".repeat(40)}${n}`, NEXT, "10.89.0.2")),
    );
    expect(asked.slice(0, 5)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect(guessed.filter((code) => code === "denied").length).toBeLessThanOrEqual(6);
    expect(guessed).toContain("too_many");
    const { name } = await member();
    mustBeIn(await browser(door, "10.89.0.2").signIn(name));
  });
});

test("an administrator mails a link to whom they administer, with an address and a password", async () => {
  const { id, email } = await member();
  await door.call(admin, mailResetLink, { id });
  expect(await reset(await tokenFor(email))).toBe("ok");
  const bare = await door.person("no-address");
  expect(await door.codeOf(door.call(admin, mailResetLink, { id: bare.id }))).toBe("invalid");
  const helper = await door.person("helper");
  const may = { ...helper, permissions: new Set(["user.reset-link"]), origin: "https://gate.example" };
  expect(await door.codeOf(door.call(may, mailResetLink, { id: admin.id }))).toBe("denied");
});
