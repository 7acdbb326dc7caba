import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { browser, codeOf, enrolTotp, mustBeIn, withPassword } from "../../../test/security/way-in.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor({ max: 20 })));
afterAll(() => door.close());

let people = 0;
async function owner() {
  const name = `recovery-${++people}`;
  const { id } = await door.person(name);
  await withPassword(door, id);
  return { id, name, ...(await enrolTotp(door, name)) };
}

async function asked(name: string) {
  const window = browser(door);
  expect(await window.signIn(name)).toMatchObject({
    factors: expect.arrayContaining([{ kind: "recovery-code", title: "Recovery code" }]),
  });
  return window;
}

describe("a recovery code", () => {
  test("is 80 random bits that are easy to read, and no two are alike", async () => {
    const { recoveryCodes } = await owner();
    for (const code of recoveryCodes) expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
    expect(new Set(recoveryCodes).size).toBe(10);
  });

  test("signs in once, however it is typed", async () => {
    const { name, recoveryCodes } = await owner();
    const typed = [
      (code: string) => code,
      (code: string) => ` ${code.toUpperCase().replaceAll("-", " ")} `,
      (code: string) => code.replaceAll("-", "").replaceAll("0", "O").replaceAll("1", "l"),
    ];
    for (const [place, as] of typed.entries()) {
      expect(await (await asked(name)).answer("recovery-code", as(recoveryCodes[place]!))).toMatchObject({
        step: "done",
      });
      const again = door.codeOf((await asked(name)).answer("recovery-code", recoveryCodes[place]!));
      expect(await again).toBe("unauthenticated");
    }
  });

  test("counts once, also at the same moment", async () => {
    const { name, recoveryCodes } = await owner();
    const windows = await Promise.all(Array.from({ length: 5 }, () => asked(name)));
    const ends = windows.map((window) => door.codeOf(window.answer("recovery-code", recoveryCodes[0]!)));
    expect((await Promise.all(ends)).toSorted()).toEqual(["ok", ...Array(4).fill("unauthenticated")]);
  });

  test("of somebody else is wrong", async () => {
    const [one, other] = [await owner(), await owner()];
    expect(await door.codeOf((await asked(one.name)).answer("recovery-code", other.recoveryCodes[0]!))).toBe(
      "unauthenticated",
    );
  });

  test("is not asked for when none is left, and does not set up anything", async () => {
    const { id, name, recoveryCodes } = await owner();
    await door.db.updateTable("recovery_code").set({ used_at: new Date() }).where("user_id", "=", id).execute();
    const window = browser(door);
    expect(await window.signIn(name)).toEqual({
      step: "second-factor",
      factors: [{ kind: "totp", title: "Authenticator app" }],
    });
    expect(await door.codeOf(window.answer("recovery-code", recoveryCodes[0]!))).toBe("conflict");
    expect(await door.codeOf(window.beginEnrolment("recovery-code"))).toBe("conflict");
  });

  test("that was used is told by mail, and so is that few are left", async () => {
    const { id, name, recoveryCodes } = await owner();
    await door.db
      .updateTable("users")
      .set({ email: `${name}@example.org` })
      .where("id", "=", id)
      .execute();
    mustBeIn(await (await asked(name)).answer("recovery-code", recoveryCodes[0]!));
    const told = () =>
      door.db
        .selectFrom("notification")
        .select(["template", "content"])
        .where("user_id", "=", id)
        .orderBy("created_at")
        .execute();
    // Nobody waits for a mail that cannot leave.
    expect(await told()).toEqual([]);
    const value = JSON.stringify({ host: "localhost", fromAddress: "gate@example.org", security: "none" });
    await door.db.insertInto("setting").values({ key: "mail", value }).execute();
    for (const code of recoveryCodes.slice(1, 7)) mustBeIn(await (await asked(name)).answer("recovery-code", code));
    const mails = (await told()).map(({ template, content }) => ({ template, ...(content as object) }));
    expect(mails[0]).toMatchObject({ template: "recovery-code-used", left: 8, few: false, loginName: name });
    expect(mails.at(-1)).toMatchObject({ template: "recovery-code-used", left: 3, few: true });
    expect(JSON.stringify(mails)).not.toContain(recoveryCodes[1]);
    await door.db.deleteFrom("setting").execute();
  });
});

test("guessing recovery codes is braked like guessing the others", async () => {
  const { name, secret } = await owner();
  const window = await asked(name);
  const wrong = "0000-0000-0000-0000";
  const ends = await Promise.all(Array.from({ length: 50 }, () => door.codeOf(window.answer("recovery-code", wrong))));
  expect(ends.filter((end) => end === "unauthenticated").length).toBeLessThanOrEqual(10);
  expect(ends).not.toContain("ok");
  expect(await door.codeOf(window.answer("totp", codeOf(secret)))).not.toBe("ok");
});
