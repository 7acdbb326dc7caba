import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import type { Actor, Fault } from "../../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import {
  changeMyPassword,
  createUser,
  readMe,
  setPreferences,
  setUserPassword,
  signIn,
  signOut,
  updateUser,
} from "../schema.ts";

let door: Door;
let admin: Actor;
const password = "correct horse battery";

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  admin = await door.person("root-admin", { roles: ["administrator"] });
});
afterAll(() => door.close());

let addresses = 0;
/** An address nobody used before, so that the brake of other tests does not hold. */
const fresh = (): string => `10.9.${Math.floor(++addresses / 250)}.${addresses % 250}`;

async function enter(
  loginName: string,
  typed = password,
  from: Actor = guest(fresh()),
): Promise<{ token: string; expiresAt: Date }> {
  let token = "";
  let expiresAt = new Date(0);
  await door.call(from, signIn, { loginName, password: typed }, (delivery) => {
    if (delivery.kind === "sign-in") ({ token, expiresAt } = delivery);
  });
  return { token, expiresAt };
}

const identify = (token: string) => door.iam.identify({ token, address: "10.0.0.1", via: "console" });
const isIn = async (token: string): Promise<boolean> => (await identify(token)).kind === "person";
const user = (loginName: string) => door.call(admin, createUser, { loginName, name: loginName, password });
const refusal = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => Promise.reject(new Error("let in")),
    (error: Fault) => error,
  );

describe("signing in", () => {
  test("lets in with the right password, whatever the case of the name, and says who it is", async () => {
    const { id } = await user("carol");
    const { token, expiresAt } = await enter("CAROL");
    const actor = await identify(token);
    expect(actor).toMatchObject({ kind: "person", id, name: "carol", orgId: DEFAULT_ORGANIZATION, via: "console" });
    expect(await door.call(actor, readMe, {})).toMatchObject({ id, loginName: "carol", permissions: [] });
    expect(Math.round((expiresAt.getTime() - Date.now()) / 3_600_000)).toBe(24);
    expect((await door.events("sign-in")).at(-1)).toMatchObject({
      outcome: "ok",
      actor_id: id,
      fields: { input: { loginName: "CAROL", password: "[hidden]" } },
    });
  });

  test("an unknown user, a wrong password, a disabled user and one without password are refused alike", async () => {
    const gone = await user("disabled");
    await door.call(admin, updateUser, { id: gone.id, version: gone.version, active: false });
    await door.call(admin, createUser, { loginName: "keyonly", name: "Key" });
    const faults = [
      await refusal(enter("unknown-user")),
      await refusal(enter("carol", "wrong password")),
      await refusal(enter("disabled")),
      await refusal(enter("keyonly", "")).catch(() => refusal(enter("keyonly"))),
      await refusal(enter("keyonly")),
    ];
    const [first] = faults;
    expect(first?.code).toBe("unauthenticated");
    for (const fault of faults.filter(({ code }) => code !== "invalid")) {
      expect([fault.code, fault.message, fault.details]).toEqual([first?.code, first?.message, first?.details]);
    }
  });

  test("takes as long for an unknown user as for a wrong password", async () => {
    const time = async (name: string): Promise<number> => {
      const from = performance.now();
      await refusal(enter(name, "wrong password"));
      return performance.now() - from;
    };
    const median = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 9; round++) {
      known.push(await time("carol"));
      unknown.push(await time(`nobody-${round}`));
    }
    const ratio = median(unknown) / median(known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
    expect(median(unknown)).toBeGreaterThan(15);
  });

  test("gives a new token each time, ends the session it was called from, and stores only a hash", async () => {
    const first = (await enter("carol")).token;
    const second = (await enter("carol", password, await identify(first))).token;
    expect(second).not.toBe(first);
    expect([await isIn(first), await isIn(second)]).toEqual([false, true]);
    const { rows } = await sql<{ row: string }>`select s::text as row from console_session s`.execute(door.db);
    const stored = rows.map(({ row }) => row).join();
    expect(stored).not.toContain(second);
    expect(stored).not.toContain(Buffer.from(second).toString("hex"));
    expect(stored).not.toContain(Buffer.from(second, "base64url").toString("hex"));
  });

  test("a made-up, an empty and an overlong token name nobody", async () => {
    for (const token of ["", "x".repeat(43), "x".repeat(5000), "\0"]) expect(await isIn(token)).toBe(false);
    expect((await door.iam.identify({ token: null, address: null, via: "console" })).kind).toBe("anonymous");
  });
});

describe("a console session", () => {
  test("ends eight hours after its last use, and not before", async () => {
    const { token } = await enter("carol");
    const unused = (minutes: number) =>
      sql`update console_session set used_at = now() - make_interval(mins => ${minutes}) where token_hash = sha256(${token}::bytea)`.execute(
        door.db,
      );
    await unused(479);
    expect(await isIn(token)).toBe(true);
    const { rows } = await sql<{
      fresh: boolean;
    }>`select used_at > now() - interval '1 minute' as fresh from console_session where token_hash = sha256(${token}::bytea)`.execute(
      door.db,
    );
    expect(rows).toEqual([{ fresh: true }]);
    await unused(481);
    expect(await isIn(token)).toBe(false);
  });

  test("ends a day after sign-in, however much it is used", async () => {
    const { token } = await enter("carol");
    await sql`update console_session set expires_at = now() - interval '1 second', used_at = now() where token_hash = sha256(${token}::bytea)`.execute(
      door.db,
    );
    expect(await isIn(token)).toBe(false);
  });

  test("ends with sign-out, and leaves the person's other sessions", async () => {
    const [one, two] = [(await enter("carol")).token, (await enter("carol")).token];
    await door.call(await identify(one), signOut, {});
    expect([await isIn(one), await isIn(two)]).toEqual([false, true]);
  });

  test("ends at once when the user is disabled, and does not come back", async () => {
    const made = await user("leaver");
    const { token } = await enter("leaver");
    const off = await door.call(admin, updateUser, { id: made.id, version: made.version, active: false });
    expect(await isIn(token)).toBe(false);
    await door.call(admin, updateUser, { id: made.id, version: off.version, active: true });
    expect(await isIn(token)).toBe(false);
  });

  test.each([
    ["whose end date has come", sql`expires_at = now() - interval '1 second'`],
    ["who was disabled by whatever way", sql`active = false, disabled_reason = 'administrator'`],
  ])("of somebody %s names nobody, though its row is there", async (what, change) => {
    const name = `late-${what.length}`;
    const { id } = await user(name);
    const { token } = await enter(name);
    await sql`update users set ${change} where id = ${id}`.execute(door.db);
    const { rows } = await sql`select from console_session where user_id = ${id}`.execute(door.db);
    expect([rows.length, await isIn(token)]).toEqual([1, false]);
  });

  test("there are at most 50 of a person; the longest unused goes first", async () => {
    const { id } = await user("many");
    const { token } = await enter("many");
    await sql`update console_session set used_at = now() - interval '1 hour' where user_id = ${id}`.execute(door.db);
    await sql`insert into console_session (id, token_hash, user_id, org_id, expires_at)
      select gen_random_uuid(), sha256(n::text::bytea), ${id}, ${DEFAULT_ORGANIZATION}, now() + interval '1 day' from generate_series(1, 49) n`.execute(
      door.db,
    );
    expect(await isIn(token)).toBe(true);
    await sql`update console_session set used_at = now() - interval '1 hour' where user_id = ${id} and token_hash = sha256(${token}::bytea)`.execute(
      door.db,
    );
    await enter("many");
    expect(await isIn(token)).toBe(false);
  });
});

describe("one's own password", () => {
  test("is changed with the current one; other sessions end, this one stays", async () => {
    await user("changer");
    const [here, there] = [(await enter("changer")).token, (await enter("changer")).token];
    const me = await identify(here);
    expect(
      await door.codeOf(
        door.call({ ...me, address: fresh() }, changeMyPassword, {
          current: "wrong password",
          next: "another long one",
        }),
      ),
    ).toBe("invalid");
    expect(await isIn(there)).toBe(true);
    await door.call({ ...me, address: fresh() }, changeMyPassword, { current: password, next: "another long one" });
    expect([await isIn(here), await isIn(there)]).toEqual([true, false]);
    expect((await refusal(enter("changer"))).code).toBe("unauthenticated");
    expect(await isIn((await enter("changer", "another long one")).token)).toBe(true);
  });

  test("guessing the current one in a stolen session is braked", async () => {
    await user("stolen");
    const me = { ...(await identify((await enter("stolen")).token)), address: fresh() };
    const codes: string[] = [];
    for (let tries = 0; tries < 7; tries++)
      codes.push(
        await door.codeOf(door.call(me, changeMyPassword, { current: `guess ${tries}`, next: "another long one" })),
      );
    expect(codes.slice(0, 5)).toEqual(Array(5).fill("invalid"));
    expect(codes.at(-1)).toBe("too_many");
  });

  test("set by an administrator ends the user's sessions", async () => {
    const { id } = await user("forgetful");
    const { token } = await enter("forgetful");
    await door.call(admin, setUserPassword, { id, password: "given by the admin" });
    expect(await isIn(token)).toBe(false);
    expect(await isIn((await enter("forgetful", "given by the admin")).token)).toBe(true);
  });

  test("a password that is too short or too long is not taken", async () => {
    for (const bad of ["short", "x".repeat(257)]) {
      expect(await door.codeOf(door.call(admin, createUser, { loginName: "nobody", name: "n", password: bad }))).toBe(
        "invalid",
      );
    }
  });
});

describe("over SSH", () => {
  test("a password lets in an active user, braked like the console, and each try is written down", async () => {
    const way = door.iam.sshWayIn(fresh());
    const reached = await way.withPassword({ loginName: "carol", password });
    expect(reached).toMatchObject({
      step: "in",
      actor: { kind: "person", name: "carol", via: "ssh", signInId: null },
    });
    const codes: string[] = [];
    for (let tries = 0; tries < 7; tries++)
      codes.push(await door.codeOf(way.withPassword({ loginName: "carol", password: "wrong" })));
    expect(codes.at(-1)).toBe("too_many");
    const tried = (await door.events("sign-in")).filter(({ fields }) => JSON.stringify(fields).includes("carol"));
    expect(tried.filter(({ outcome }) => outcome === "unauthenticated").length).toBeGreaterThanOrEqual(5);
  });
});

test("preferences are one's own, and only those that are known", async () => {
  const me = await identify((await enter("carol")).token);
  await door.call(me, setPreferences, { theme: "dark", extra: "x" } as { theme: "dark" });
  expect(await door.call(me, setPreferences, { language: "zh" })).toEqual({ theme: "dark", language: "zh" });
  expect(await door.codeOf(door.call(guest(), setPreferences, { theme: "dark" }))).toBe("unauthenticated");
});
