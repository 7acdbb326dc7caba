import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { browser, freshAddress } from "../../../test/security/way-in.ts";
import { type Actor, type Fault, newId } from "../../core/index.ts";
import { hashPassword } from "../login/password.ts";
import { changeMyPassword, completeSetup, createUser, giveNewPassword, setUserPassword } from "../schema.ts";
import { updateOrganizationSettings, updateSettings } from "../../platform/schema.ts";
import { isBreached } from "./breached.ts";
import { weaknesses } from "./policy.ts";

let door: Door;
let admin: Actor & { id: string };
const good = "correct horse battery";

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  admin = await door.person("root-admin", { roles: ["administrator", "system-administrator"] });
});
afterAll(() => door.close());

async function set(values: Record<string, number>): Promise<void> {
  const row = await sql<{
    version: number;
  }>`select version from setting where key = 'password' and org_id is null`.execute(door.db);
  await door.call(admin, updateSettings, { key: "password", version: row.rows[0]?.version ?? 0, values });
}

const user = (loginName: string, password = good) =>
  door.call(admin, createUser, { loginName, name: loginName, password });
const self = (id: string, name: string): Actor => ({
  ...admin,
  id,
  name,
  address: freshAddress(),
  permissions: new Set(),
});
const faultOf = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("taken")),
    (fault: Fault) => fault,
  );

describe("known passwords", () => {
  test.each([
    "password",
    "Password123!",
    "P@ssw0rd2026",
    "passwordpassword",
    "correcthorsebatterystaple",
    "1qaz2wsx3edc",
    "Sallyport123",
    "--jumpserver--",
    "!!Welcome1!!",
  ])("%s is refused", (word) => expect(isBreached(word)).toBe(true));

  test.each([good, "trellis-omnibus-44-plover", "dragon82736451927364", "zwölf Boxkämpfer jagen", "x9$kQ2!vLm7#pR"])(
    "%s is not",
    (word) => expect(isBreached(word)).toBe(false),
  );
});

describe("what is wrong with a password", () => {
  const whose = { loginName: "annabel", email: "a.lee@example.org", name: "Annabel Lee" };
  const rules = { minLength: 12, kinds: 0 };
  test("is said all at once", () => {
    expect(weaknesses("aaa", whose, { minLength: 12, kinds: 3 })).toEqual([
      "At least 12 characters.",
      "At least 3 of these kinds: lower case, upper case, digits, other characters.",
      "More than a few different characters.",
    ]);
  });
  test.each(["annabel-2026!", "a.lee@example.org", "A.LEE@example.org1", "Sallyport#2026!", "annabelannabel"])(
    "%s is made of names that anybody knows",
    (word) => expect(weaknesses(word, whose, rules).join(" ")).toContain("Not the login name"),
  );
  test("a long one that only contains the name is taken, and characters are counted, not units", () => {
    expect(weaknesses("annabel keeps nine grey geese", whose, rules)).toEqual([]);
    expect(weaknesses("🐎🔋🧷🍏🎹🛶🧊🪁🦔🧵🪟🌵", whose, rules)).toEqual([]);
  });
});

describe("one policy on every path", () => {
  const bad = "Password123!";
  test("creating, setting, changing, set-up and the new-password step refuse alike", async () => {
    const { id } = await user("paths");
    const faults = [
      await faultOf(user("never-made", bad)),
      await faultOf(door.call(admin, setUserPassword, { id, password: bad })),
      await faultOf(door.call(self(id, "paths"), changeMyPassword, { current: good, next: bad })),
      await faultOf(
        door.call(guest(freshAddress()), completeSetup, { token: "x", loginName: "eve", name: "Eve", password: bad }),
      ),
    ];
    await door.db.updateTable("users").set({ must_change_password: true }).where("id", "=", id).execute();
    const window = browser(door);
    expect(await window.signIn("paths")).toEqual({ step: "new-password", because: "asked" });
    faults.push(await faultOf(window.call(giveNewPassword, { password: bad })));
    for (const fault of faults) {
      expect([fault.code, fault.message]).toEqual([
        "invalid",
        "Choose another password. Not a password that is publicly known, nor one with a few signs around it.",
      ]);
    }
    expect((await window.call(giveNewPassword, { password: "an entirely new one 7" })).step).toBe("done");
  });

  test("an administrator can ask that the person chooses another one", async () => {
    const { id } = await user("asked");
    await door.call(admin, setUserPassword, { id, password: "given by somebody 1", mustChangePassword: true });
    expect(await browser(door).signIn("asked", "given by somebody 1")).toMatchObject({ because: "asked" });
  });

  test("the organization may ask more, and a member of two is asked the strictest", async () => {
    const orgId = await door.organization("Strict");
    const strict = await door.person("strict-admin", { roles: ["administrator"], orgId });
    await door.call(strict, updateOrganizationSettings, { key: "password", version: 0, values: { minLength: 30 } });
    const { id } = await user("in-two");
    await door.call(admin, setUserPassword, { id, password: "short enough here 1" });
    await door.db.insertInto("membership").values({ org_id: orgId, user_id: id }).execute();
    const fault = await faultOf(
      door.call(self(id, "in-two"), changeMyPassword, { current: "short enough here 1", next: good }),
    );
    expect(fault.message).toContain("At least 30 characters.");
  });
});

describe("history", () => {
  test("the last five and the present one are refused, an older one is taken", async () => {
    const { id } = await user("historic", "number 0 of the many");
    const next = (n: number) => door.call(admin, setUserPassword, { id, password: `number ${n} of the many` });
    for (let n = 1; n <= 5; n++) await next(n);
    for (const n of [5, 4, 3, 2, 1]) {
      expect((await faultOf(next(n))).message).toContain("Not one of the last 5 passwords.");
    }
    await next(0);
    const { rows } = await sql<{
      count: number;
    }>`select count(*)::int from password_history where user_id = ${id}`.execute(door.db);
    expect(rows[0]?.count).toBe(7);
  });

  test("whoever may not set a user's password learns nothing of it by trying", async () => {
    const orgId = await door.organization("Elsewhere");
    const stranger = await door.person("stranger", { roles: ["administrator"], orgId });
    const { id } = await user("watched");
    expect((await faultOf(door.call(stranger, setUserPassword, { id, password: good }))).code).toBe("not_found");
    const helper = await door.person("helper");
    const may = { ...helper, permissions: new Set(["user.password"]) };
    expect((await faultOf(door.call(may, setUserPassword, { id: admin.id, password: good }))).code).toBe("denied");
  });

  test("keeps the newest 24 in SQL, whoever wrote them", async () => {
    const id = newId();
    await door.db.insertInto("users").values({ id, login_name: "kept", name: "kept", password_hash: "h0" }).execute();
    for (let n = 1; n < 30; n++)
      await door.db
        .updateTable("users")
        .set({ password_hash: `h${n}` })
        .where("id", "=", id)
        .execute();
    const rows = await door.db
      .selectFrom("password_history")
      .select("password_hash")
      .where("user_id", "=", id)
      .orderBy("set_at")
      .execute();
    expect([rows.length, rows[0]?.password_hash, rows.at(-1)?.password_hash]).toEqual([24, "h6", "h29"]);
  });
});

describe("at sign-in", () => {
  const write = async (id: string, password: string) =>
    door.db
      .updateTable("users")
      .set({ password_hash: await hashPassword(password) })
      .where("id", "=", id)
      .execute();

  test("a right password that is publicly known has to be changed, and a wrong one says nothing", async () => {
    const { id } = await user("weak");
    await write(id, "Welcome123!!");
    expect((await faultOf(browser(door).signIn("weak", "Welcome1234!"))).code).toBe("unauthenticated");
    const window = browser(door);
    expect(await window.signIn("weak", "Welcome123!!")).toEqual({ step: "new-password", because: "weak" });
    expect(await window.isIn()).toBe(false);
    expect((await window.call(giveNewPassword, { password: "a better one, at last" })).step).toBe("done");
    expect((await browser(door).signIn("weak", "a better one, at last")).step).toBe("done");
  });

  test("over SSH it is refused with words to go to the console", async () => {
    const { id } = await user("weak-ssh");
    await write(id, "Welcome123!!");
    const way = door.iam.sshWayIn(freshAddress());
    const fault = await faultOf(way.withPassword({ loginName: "weak-ssh", password: "Welcome123!!" }));
    expect(fault).toMatchObject({ code: "denied", message: expect.stringContaining("console") });
  });

  test("expires after the days that are set; sooner for whoever may change settings", async () => {
    const { id } = await user("aged");
    await set({ expireDays: 90, administratorExpireDays: 30 });
    const age = (days: number, of: string) =>
      sql`update users set password_changed_at = now() - make_interval(days => ${days}) where id = ${of}`.execute(
        door.db,
      );
    await age(89, id);
    expect((await browser(door).signIn("aged")).step).toBe("done");
    await age(91, id);
    expect(await browser(door).signIn("aged")).toEqual({ step: "new-password", because: "expired" });
    const boss = await door.call(admin, createUser, {
      loginName: "boss",
      name: "boss",
      password: good,
      roles: ["administrator"],
    });
    await age(31, boss.id);
    expect(await browser(door).signIn("boss")).toEqual({ step: "new-password", because: "expired" });
    await set({ expireDays: 0, administratorExpireDays: 0 });
    expect((await browser(door).signIn("aged")).step).toBe("done");
  });

  test("one's own change may be too soon; being asked to is never", async () => {
    await set({ minAgeHours: 24 });
    const { id } = await user("hasty");
    const fault = await faultOf(
      door.call(self(id, "hasty"), changeMyPassword, { current: good, next: "another good one 5" }),
    );
    expect(fault.message).toContain("less than 24 hours ago");
    await door.db.updateTable("users").set({ must_change_password: true }).where("id", "=", id).execute();
    const window = browser(door);
    await window.signIn("hasty");
    expect((await window.call(giveNewPassword, { password: "another good one 5" })).step).toBe("done");
    await set({ minAgeHours: 0 });
  });
});
