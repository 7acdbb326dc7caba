import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { codeOf, enrolTotp, freshAddress, withPassword } from "../../../test/security/way-in.ts";
import { newId } from "../../core/index.ts";
import { hashPassword } from "./password.ts";
import { endConsoleSessions } from "./console-session.ts";
import { signInSettings } from "./settings.ts";

let door: Door;
beforeAll(async () => void (door = await openDoor({ max: 20 })));
afterAll(() => door.close());

const password = "correct horse battery";
let people = 0;
async function owner() {
  const loginName = `ssh-${++people}`;
  const { id } = await door.person(loginName);
  await withPassword(door, id);
  const fingerprint = `SHA256:${loginName}`;
  await door.db
    .insertInto("ssh_key")
    .values({ id: newId(), user_id: id, name: "k", public_key: "ssh-ed25519 AAAA", fingerprint })
    .execute();
  return { id, loginName, fingerprint, ...(await enrolTotp(door, loginName)) };
}
type Owner = Awaited<ReturnType<typeof owner>>;

const byPassword = ({ loginName }: Owner, address: string) =>
  door.iam.sshWayIn(address).withPassword({ loginName, password });
const byKey = ({ loginName, fingerprint }: Owner, address: string) =>
  door.iam.sshWayIn(address).withKey({ loginName, fingerprint });

/** Signs in by password and code; afterwards the second factor is remembered. */
async function full(who: Owner, address = freshAddress(), steps = 0): Promise<string> {
  const way = door.iam.sshWayIn(address);
  expect(await way.withPassword({ loginName: who.loginName, password })).toMatchObject({ step: "ask" });
  expect(await way.answer(codeOf(who.secret, steps))).toMatchObject({ step: "in" });
  return address;
}
const stepOf = async (reached: Promise<{ step: string }>): Promise<string> => (await reached).step;

describe("a second factor given over SSH counts again", () => {
  test("for the same person, address and first proof, and says so in the event", async () => {
    const who = await owner();
    const address = await full(who);
    expect(await stepOf(byPassword(who, address))).toBe("in");
    expect((await door.events("sign-in")).at(-1)).toMatchObject({
      outcome: "ok",
      fields: { remembered: true, proofs: ["password", "totp"] },
    });
    expect(await stepOf(byPassword(who, freshAddress()))).toBe("ask");
    expect(await stepOf(byKey(who, address))).toBe("ask");
    const other = await owner();
    expect(await stepOf(byPassword(other, address))).toBe("ask");
  });

  test("after a key only for that key", async () => {
    const who = await owner();
    const address = freshAddress();
    const way = door.iam.sshWayIn(address);
    await way.withKey(who);
    await way.answer(codeOf(who.secret));
    expect(await stepOf(byKey(who, address))).toBe("in");
    expect(await stepOf(byPassword(who, address))).toBe("ask");
  });

  test("does not make a wrong password right", async () => {
    const who = await owner();
    const address = await full(who);
    const wrong = door.iam.sshWayIn(address).withPassword({ loginName: who.loginName, password: "wrong" });
    expect(await door.codeOf(wrong)).toBe("unauthenticated");
  });

  test("for ten minutes from the full sign-in, however often it is used", async () => {
    const who = await owner();
    const address = await full(who);
    const older = (minutes: number) =>
      sql`update remembered_proof set expires_at = expires_at - make_interval(mins => ${minutes}) where user_id = ${who.id}`.execute(
        door.db,
      );
    await older(9);
    expect(await stepOf(byPassword(who, address))).toBe("in");
    await older(1);
    expect(await stepOf(byPassword(who, address))).toBe("ask");
  });

  test("never where the setting says 0, also what was remembered before", async () => {
    const who = await owner();
    const address = await full(who);
    await door.db
      .insertInto("setting")
      .values({ key: signInSettings.key, value: JSON.stringify({ rememberMinutes: 0 }) })
      .execute();
    expect(await stepOf(byPassword(who, address))).toBe("ask");
    const next = await full(who, freshAddress(), 1);
    expect(await stepOf(byPassword(who, next))).toBe("ask");
    await door.db.deleteFrom("setting").execute();
    expect(await stepOf(byPassword(who, next))).toBe("ask");
  });

  test("never without an address", async () => {
    const who = await owner();
    const way = door.iam.sshWayIn(null);
    await way.withPassword({ loginName: who.loginName, password });
    await way.answer(codeOf(who.secret));
    const { rows } = await sql`select from remembered_proof where user_id = ${who.id}`.execute(door.db);
    expect(rows).toEqual([]);
  });
});

describe("what is remembered is void after", () => {
  const ends: [string, (who: Owner) => Promise<unknown>][] = [
    [
      "a changed password",
      async ({ id }) =>
        door.db
          .updateTable("users")
          .set({ password_hash: await hashPassword(password) })
          .where("id", "=", id)
          .execute(),
    ],
    [
      "disabling",
      async ({ id }) => {
        await door.db.updateTable("users").set({ active: false }).where("id", "=", id).execute();
        await door.db.updateTable("users").set({ active: true }).where("id", "=", id).execute();
      },
    ],
    [
      "the removal of a factor",
      ({ id }) =>
        sql`with secret as (delete from totp where user_id = ${id} returning *) select from secret`.execute(door.db),
    ],
    [
      "a new secret",
      ({ id }) => sql`update totp set secret = secret || ''::bytea where user_id = ${id}`.execute(door.db),
    ],
    ["signing out everywhere", ({ id }) => endConsoleSessions(door.db, id)],
  ];
  test.each(ends)("%s", async (_, end) => {
    const who = await owner();
    await full(who);
    const left = async () =>
      (await sql`select from remembered_proof where user_id = ${who.id}`.execute(door.db)).rows.length;
    expect(await left()).toBe(1);
    await end(who);
    expect(await left()).toBe(0);
  });
});
