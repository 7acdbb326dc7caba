import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { type Actor, newId } from "../../core/index.ts";
import { beginConfirm, beginMyFactor, confirm, createUser, listConfirmWays, signIn } from "../schema.ts";

let door: Door;
let admin: Actor;
const password = "correct horse battery staple";

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  admin = await door.person("root-admin", { roles: ["administrator", "system-administrator"] });
});
afterAll(() => door.close());

const user = (loginName: string) => door.call(admin, createUser, { loginName, name: loginName, password });

/** The person in a console session of their own, in which nothing was proved for an hour. */
async function within(loginName: string): Promise<() => Promise<Actor>> {
  let token = "";
  await door.call(guest("10.8.0.1"), signIn, { loginName, password }, (delivery) => {
    if (delivery.kind === "sign-in") ({ token } = delivery);
  });
  const now = () => door.iam.identify({ token, address: "10.8.0.1", via: "console" });
  const { signInId } = await now();
  await sql`update console_session set signed_in_at = now() - interval '1 hour', password_at = now() - interval '1 hour'
    where id = ${signInId}`.execute(door.db);
  return now;
}

const sensitive = async (actor: Actor): Promise<string> =>
  door.codeOf(door.call(actor, beginMyFactor, { kind: "totp" }));
const answer = async (actor: Actor, typed: string, kind = "password"): Promise<string> =>
  door.codeOf(door.call(actor, confirm, { kind, answer: typed }));

describe("proving anew", () => {
  test("with the password, in this session and no other", async () => {
    await user("carla");
    const [here, there] = [await within("carla"), await within("carla")];
    expect(await door.call(await here(), listConfirmWays, {})).toEqual({
      level: "password",
      ways: [{ kind: "password", title: "Password" }],
      providers: [],
    });
    expect([await sensitive(await here()), await answer(await here(), password)]).toEqual(["unconfirmed", "conflict"]);
    await door.call(await here(), beginConfirm, { kind: "password" });
    expect(await answer(await there(), password)).toBe("conflict");
    expect([await answer(await here(), "wrong"), await answer(await here(), password)]).toEqual(["invalid", "ok"]);
    expect([await sensitive(await here()), await sensitive(await there())]).toEqual(["ok", "unconfirmed"]);
    expect(await answer(await here(), password)).toBe("conflict");
    const told = await door.events("me.confirm");
    expect(told.map(({ outcome }) => outcome)).toContain("ok");
    expect(JSON.stringify(told)).not.toContain(password);
  });

  test("wrong answers end the question, and are braked like a sign-in", async () => {
    await user("bruno");
    const here = await within("bruno");
    await door.call(await here(), beginConfirm, { kind: "password" });
    const codes: string[] = [];
    for (let tries = 0; tries < 5; tries++) codes.push(await answer(await here(), "wrong"));
    expect(codes).toEqual(["invalid", "invalid", "invalid", "invalid", "invalid"]);
    expect(await answer(await here(), password)).toBe("conflict");
    const { rows } = await sql<{ failures: number }>`select failures from sign_in_brake
      where login_name = 'bruno' and address like '10.8.0.1%'`.execute(door.db);
    expect(rows[0]?.failures).toBe(5);
  });

  test("who has a second factor is not asked for less", async () => {
    const { id } = await user("fabia");
    const here = await within("fabia");
    await door.call(await here(), beginConfirm, { kind: "password" });
    const row = { id: newId(), user_id: id, name: "Key", host: "gate.example" };
    await door.db
      .insertInto("passkey")
      .values({ ...row, credential_id: Buffer.from("c"), public_key: Buffer.from("k") })
      .execute();
    const { level, ways } = await door.call(await here(), listConfirmWays, {});
    expect([level, ways.map(({ kind }) => kind)]).toEqual(["second-factor", ["passkey"]]);
    expect(await answer(await here(), password)).toBe("conflict");
    expect(await door.codeOf(door.call(await here(), beginConfirm, { kind: "password" }))).toBe("conflict");
    expect(await sensitive(await here())).toBe("unconfirmed");
  });

  test("a caller without a console session confirms nothing", async () => {
    const person = await door.person("keyholder");
    expect(await door.codeOf(door.call(person, listConfirmWays, {}))).toBe("denied");
    expect(await door.codeOf(door.call(person, beginConfirm, { kind: "password" }))).toBe("denied");
    expect(await answer(person, password)).toBe("denied");
  });
});
