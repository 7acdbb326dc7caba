import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { browser, codeOf, enrolTotp, freshAddress, mustBeIn, withPassword } from "../../../test/security/way-in.ts";
import { beginMyFactor, finishMyFactor, listMyFactors, makeMyRecoveryCodes, removeMyFactor } from "../schema.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor({ max: 20 })));
afterAll(() => door.close());

let people = 0;
async function newcomer() {
  const name = `own-${++people}`;
  const { id } = await door.person(name);
  await withPassword(door, id);
  const window = browser(door);
  mustBeIn(await window.signIn(name));
  return { id, name, window };
}

/** Somebody with an authenticator app, which is not forced on them; signed in with it. */
async function owner() {
  const name = `own-${++people}`;
  const { id } = await door.person(name);
  await withPassword(door, id);
  const { browser: window, ...given } = await enrolTotp(door, name);
  await door.db.updateTable("users").set({ second_factor: null }).where("id", "=", id).execute();
  return { id, name, window, ...given };
}

const proved = (id: string, when: { password?: string; factor?: string }) =>
  sql`update console_session set
    password_at = now() - ${when.password ?? "0 min"}::interval,
    second_factor_at = case when ${when.factor ?? null}::text is null then second_factor_at else now() - ${when.factor ?? "0"}::interval end
    where user_id = ${id}`.execute(door.db);

describe("setting up a second factor of one's own", () => {
  test("needs a right code, then is asked for at the next sign-in; recovery codes come with the first one only", async () => {
    const { name, window } = await newcomer();
    expect(await window.call(listMyFactors, {})).toMatchObject({
      level: "on",
      factors: [],
      recoveryCodes: null,
      open: expect.arrayContaining([{ kind: "totp", title: "Authenticator app" }]),
    });
    const { enrolmentId, shown } = await window.call(beginMyFactor, { kind: "totp" });
    const secret = String(shown.secret);
    expect(await door.codeOf(window.call(finishMyFactor, { enrolmentId, answer: "000000" }))).toBe("unauthenticated");
    expect((await window.call(listMyFactors, {})).factors).toEqual([]);
    const { once } = await window.call(finishMyFactor, { enrolmentId, answer: codeOf(secret) });
    expect(once.recoveryCodes).toHaveLength(10);
    const mine = await window.call(listMyFactors, {});
    expect(mine).toMatchObject({
      factors: [{ kind: "totp", name: "", usedAt: null }],
      recoveryCodes: { made: 10, left: 10, few: false },
    });
    expect(JSON.stringify(mine)).not.toContain(secret);
    expect(await browser(door).signIn(name)).toMatchObject({ step: "second-factor" });
    expect(await door.codeOf(window.call(finishMyFactor, { enrolmentId, answer: codeOf(secret) }))).toBe(
      "unauthenticated",
    );
  });

  test("belongs to who began it, in a session of theirs", async () => {
    const [one, other] = [await newcomer(), await newcomer()];
    const { enrolmentId, shown } = await one.window.call(beginMyFactor, { kind: "totp" });
    const answer = codeOf(String(shown.secret));
    expect(await door.codeOf(other.window.call(finishMyFactor, { enrolmentId, answer }))).toBe("not_found");
    expect(await door.codeOf(door.call(guest(freshAddress()), finishMyFactor, { enrolmentId, answer }))).toBe(
      "unauthenticated",
    );
    expect((await other.window.call(listMyFactors, {})).factors).toEqual([]);
  });

  test("a sign-in that has begun is no enrolment, and an enrolment no sign-in", async () => {
    const { id, name, window } = await newcomer();
    const { enrolmentId, shown } = await window.call(beginMyFactor, { kind: "totp" });
    const outside = { ...guest(freshAddress()), attemptId: enrolmentId };
    const { readSignInStep } = await import("../schema.ts");
    expect(await door.codeOf(door.call(outside, readSignInStep, {}))).toBe("unauthenticated");
    await window.call(finishMyFactor, { enrolmentId, answer: codeOf(String(shown.secret)) });
    const next = browser(door);
    await next.signIn(name);
    const { attemptId } = await next.actor();
    expect(attemptId).toBeTruthy();
    expect(await door.codeOf(window.call(finishMyFactor, { enrolmentId: attemptId!, answer: "000000" }))).toBe(
      "unauthenticated",
    );
    expect(id).toBeTruthy();
  });

  test("guessing ends it after five", async () => {
    const { window } = await newcomer();
    const { enrolmentId, shown } = await window.call(beginMyFactor, { kind: "totp" });
    for (let tries = 0; tries < 5; tries++)
      await door.codeOf(window.call(finishMyFactor, { enrolmentId, answer: "000000" }));
    const right = codeOf(String(shown.secret));
    expect(await door.codeOf(window.call(finishMyFactor, { enrolmentId, answer: right }))).toBe("unauthenticated");
  });

  test("an unknown kind, and one that cannot be set up, are refused", async () => {
    const { window } = await newcomer();
    expect(await door.codeOf(window.call(beginMyFactor, { kind: "nonsense" }))).toBe("invalid");
    for (const kind of ["recovery-code", "mailed-code"])
      expect(await door.codeOf(window.call(beginMyFactor, { kind }))).toBe("conflict");
  });
});

describe("what changes one's factors is proved anew", () => {
  test("with the password, by who has none yet", async () => {
    const { id, window } = await newcomer();
    await proved(id, { password: "6 min" });
    expect(await door.codeOf(window.call(beginMyFactor, { kind: "totp" }))).toBe("unconfirmed");
    await proved(id, { password: "4 min" });
    expect(await door.codeOf(window.call(beginMyFactor, { kind: "totp" }))).toBe("ok");
  });

  test("with a second factor, by who has one: the password alone takes nothing away and adds nothing", async () => {
    const { id, window } = await owner();
    await proved(id, { password: "0 min", factor: "6 min" });
    const all = async () => [
      await door.codeOf(window.call(beginMyFactor, { kind: "totp" })),
      await door.codeOf(window.call(makeMyRecoveryCodes, {})),
      await door.codeOf(window.call(removeMyFactor, { kind: "totp", id })),
    ];
    expect(await all()).toEqual(Array(3).fill("unconfirmed"));
    await proved(id, { password: "10 min", factor: "4 min" });
    expect(await all()).toEqual(Array(3).fill("ok"));
  });
});

describe("removing one's own", () => {
  test("lets the password alone in again, and takes the recovery codes along with the last one", async () => {
    const { id, name, window, recoveryCodes } = await owner();
    await window.call(removeMyFactor, { kind: "totp", id });
    expect(await window.call(listMyFactors, {})).toMatchObject({ factors: [], recoveryCodes: null });
    mustBeIn(await browser(door).signIn(name));
    expect(recoveryCodes).toHaveLength(10);
  });

  test("is refused when it is the last one and a second factor is forced", async () => {
    const { id, window } = await owner();
    await door.db.updateTable("users").set({ second_factor: "forced" }).where("id", "=", id).execute();
    expect(await door.codeOf(window.call(removeMyFactor, { kind: "totp", id }))).toBe("conflict");
    expect(await window.call(listMyFactors, {})).toMatchObject({
      factors: [{ kind: "totp" }],
      recoveryCodes: { left: 10 },
    });
  });

  test("of somebody else is not found, and recovery codes are not removed one by one", async () => {
    const [one, other] = [await owner(), await owner()];
    expect(await door.codeOf(one.window.call(removeMyFactor, { kind: "passkey", id: other.id }))).toBe("not_found");
    await one.window.call(removeMyFactor, { kind: "totp", id: other.id }).catch(() => {});
    expect((await other.window.call(listMyFactors, {})).factors).toHaveLength(1);
    expect(await door.codeOf(other.window.call(removeMyFactor, { kind: "recovery-code", id: other.id }))).toBe(
      "not_found",
    );
  });
});

describe("new recovery codes", () => {
  test("void the old ones and are shown once", async () => {
    const { name, window, recoveryCodes } = await owner();
    const { codes } = await window.call(makeMyRecoveryCodes, {});
    expect(codes).toHaveLength(10);
    expect(codes).not.toEqual(recoveryCodes);
    const next = browser(door);
    await next.signIn(name);
    expect(await door.codeOf(next.answer("recovery-code", recoveryCodes[0]!))).toBe("unauthenticated");
    mustBeIn(await next.answer("recovery-code", codes[0]!));
    expect(JSON.stringify(await door.events("me.factor.recovery-codes"))).not.toContain(codes[0]);
  });

  test("are not made for who has no second factor", async () => {
    const { window } = await newcomer();
    expect(await door.codeOf(window.call(makeMyRecoveryCodes, {}))).toBe("conflict");
  });
});
