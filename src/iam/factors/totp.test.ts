import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import {
  browser,
  codeOf,
  enrolTotp,
  freshAddress,
  mustBeIn,
  withinStep,
  withPassword,
} from "../../../test/security/way-in.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor({ max: 20 })));
afterAll(() => door.close());

let people = 0;
async function newcomer(): Promise<{ id: string; name: string }> {
  const name = `totp-${++people}`;
  const { id } = await door.person(name);
  await withPassword(door, id);
  return { id, name };
}

async function owner() {
  const { id, name } = await newcomer();
  return { id, name, ...(await enrolTotp(door, name)) };
}

async function asked(name: string, address = freshAddress()) {
  const window = browser(door, address);
  expect(await window.signIn(name)).toMatchObject({ step: "second-factor" });
  return window;
}

describe("setting it up", () => {
  test("shows an otpauth address and the secret, asks for a code, and gives ten recovery codes once", async () => {
    const { id, name } = await newcomer();
    await door.db.updateTable("users").set({ second_factor: "forced" }).where("id", "=", id).execute();
    const window = browser(door);
    const step = await window.signIn(name);
    expect(step).toMatchObject({ step: "enrol" });
    expect(step).toMatchObject({ factors: expect.arrayContaining([{ kind: "totp", title: "Authenticator app" }]) });
    const { uri, secret } = (await window.beginEnrolment("totp")) as { uri: string; secret: string };
    const url = new URL(uri);
    expect([url.protocol, url.host, url.searchParams.get("secret")]).toEqual(["otpauth:", "totp", secret]);
    expect(decodeURIComponent(url.pathname)).toBe(`/Sallyport (gate.example.org):${name}`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ algorithm: "SHA1", digits: "6", period: "30" });
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(await door.codeOf(window.finishEnrolment("totp", "000000"))).toBe("unauthenticated");
    expect(await window.isIn()).toBe(false);
    const { once, next } = await window.finishEnrolment("totp", codeOf(secret));
    expect(mustBeIn(next).loginName).toBe(name);
    expect(once.recoveryCodes).toHaveLength(10);
    expect(await window.isIn()).toBe(true);
  });

  test("keeps the secret sealed, and neither it nor a code in an audit event", async () => {
    const { id, secret, recoveryCodes } = await owner();
    const { rows } = await sql<{ row: string }>`
      select t::text as row from totp t where user_id = ${id}
      union all select r::text from recovery_code r where user_id = ${id}
      union all select fields::text from audit_event`.execute(door.db);
    const stored = rows.map(({ row }) => row).join();
    const raw = Buffer.from(secret).toString("hex");
    for (const one of [
      secret,
      raw,
      ...recoveryCodes,
      ...recoveryCodes.map((code) => Buffer.from(code.replaceAll("-", "")).toString("hex")),
    ])
      expect(stored).not.toContain(one);
  });

  test("is not offered to who has one: the password alone replaces nothing", async () => {
    const { name } = await owner();
    const window = await asked(name);
    expect(await door.codeOf(window.beginEnrolment("totp"))).toBe("conflict");
    expect(await door.codeOf(window.finishEnrolment("totp", "000000"))).toBe("conflict");
  });

  test("an answer that no secret was shown for is wrong, and no breakdown", async () => {
    const name = `early-${Date.now()}`;
    const { id } = await door.person(name);
    await withPassword(door, id);
    await door.db.updateTable("users").set({ second_factor: "forced" }).where("id", "=", id).execute();
    const window = browser(door);
    expect(await window.signIn(name)).toMatchObject({ step: "enrol" });
    expect(await door.codeOf(window.finishEnrolment("totp", "000000"))).toBe("unauthenticated");
  });

  test("the code that was shown for it does not sign in again", async () => {
    const { name, secret } = await owner();
    expect(await door.codeOf((await asked(name)).answer("totp", codeOf(secret, -1)))).toBe("unauthenticated");
  });
});

describe("a code", () => {
  test("is right in its own step and in the one before and after, with a space or without", async () => {
    const { name, secret } = await owner();
    for (const code of [codeOf(secret), codeOf(secret, 1).replace(/^.../, "$& ")])
      expect(await (await asked(name)).answer("totp", code)).toMatchObject({ step: "done" });
  });

  test.each([-3, -2, 2, 3])("of %i steps away is wrong", async (steps) => {
    const { name, secret } = await owner();
    await withinStep();
    expect(await door.codeOf((await asked(name)).answer("totp", codeOf(secret, steps)))).toBe("unauthenticated");
  });

  test("is right once, also at the same moment", async () => {
    const { name, secret } = await owner();
    const windows = await Promise.all(Array.from({ length: 5 }, () => asked(name)));
    const code = codeOf(secret);
    const ends = await Promise.all(windows.map((window) => door.codeOf(window.answer("totp", code))));
    expect(ends.toSorted()).toEqual(["ok", ...Array(4).fill("unauthenticated")]);
    expect(await door.codeOf((await asked(name)).answer("totp", code))).toBe("unauthenticated");
  });

  test("of somebody else is wrong", async () => {
    const [one, other] = [await owner(), await owner()];
    expect(await door.codeOf((await asked(one.name)).answer("totp", codeOf(other.secret)))).toBe("unauthenticated");
  });

  test.each(["", " ", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])("%j is no code", async (typed) => {
    const { name } = await owner();
    expect(await door.codeOf((await asked(name)).answer("totp", typed))).toMatch(/^(invalid|unauthenticated)$/);
  });
});

describe("guessing", () => {
  test("ends the sign-in after five, and the right code does not help any more", async () => {
    const { name, secret } = await owner();
    const window = await asked(name);
    for (let tries = 0; tries < 5; tries++)
      expect(await door.codeOf(window.answer("totp", "000000"))).toBe("unauthenticated");
    await sql`delete from sign_in_brake`.execute(door.db);
    expect(await door.codeOf(window.answer("totp", codeOf(secret)))).toBe("unauthenticated");
  });

  test("a hundred at the same moment on one sign-in are counted each: at most five are compared", async () => {
    const { name, secret } = await owner();
    const window = await asked(name);
    const ends = await Promise.all(Array.from({ length: 100 }, () => door.codeOf(window.answer("totp", "000000"))));
    expect(ends.filter((end) => end === "unauthenticated").length).toBeLessThanOrEqual(10);
    expect(ends.filter((end) => end === "too_many").length).toBeGreaterThanOrEqual(90);
    expect(ends).not.toContain("ok");
    expect(await door.codeOf(window.answer("totp", codeOf(secret)))).not.toBe("ok");
  });

  test("from many addresses is braked by the user, whom nobody without the first proof can slow", async () => {
    const { name, secret } = await owner();
    const known = freshAddress();
    mustBeIn(await (await asked(name, known)).answer("totp", codeOf(secret)));
    const failed = { login_name: `${name}/second-factor`, address: "*", failures: 28, last_failure_at: new Date() };
    await door.db
      .insertInto("sign_in_brake")
      .values(failed)
      .onConflict((row) => row.columns(["login_name", "address"]).doUpdateSet(failed))
      .execute();
    const wrong = async () => door.codeOf((await asked(name)).answer("totp", "000000"));
    expect([await wrong(), await wrong()]).toEqual(["unauthenticated", "too_many"]);
    const { blocked_until: until } = await door.db
      .selectFrom("sign_in_brake")
      .select("blocked_until")
      .where("login_name", "=", failed.login_name)
      .where("address", "=", "*")
      .executeTakeFirstOrThrow();
    expect(Number(until) - Date.now()).toBeGreaterThan(60_000);
    // Whoever gave a second factor from there before is not held up by it.
    mustBeIn(await (await asked(name, known)).answer("totp", codeOf(secret, 1)));
  });
});
