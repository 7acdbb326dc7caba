import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { updateSettings } from "../../platform/schema.ts";
import {
  createUser,
  endAllMySignInSessions,
  endAllUserSignInSessions,
  endMySignInSession,
  endUserSignInSession,
  listMySignInSessions,
  listUserSignInSessions,
  signIn,
  type User,
} from "../schema.ts";

let door: Door;
let admin: Actor & { id: string; orgId: string };
let ann: User;
let count = 0;
const password = "correct horse battery";

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("ada", { roles: ["administrator", "system-administrator"] });
});
beforeEach(async () => {
  count += 1;
  ann = await door.call(admin, createUser, { loginName: `ann-${count}`, name: "Ann", password });
});
afterAll(() => door.close());

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async function enter(user = ann, agent = FIREFOX) {
  let token = "";
  let expiresAt = new Date(0);
  const from = { ...guest(`10.8.${count}.1`), agent };
  await door.call(from, signIn, { loginName: user.loginName, password }, (delivery) => {
    if (delivery.kind === "sign-in") ({ token, expiresAt } = delivery);
  });
  const identify = (unattended = false) =>
    door.iam.identify({ token, address: "10.0.0.1", via: "console", unattended });
  return { actor: await identify(), expiresAt, identify, isIn: async () => (await identify()).kind === "person" };
}

const presenceOf = (signInId: string | null, since = new Date()) => ({
  userId: ann.id,
  orgId: admin.orgId,
  since,
  signInId,
  fingerprint: null,
  byPassword: false,
  permission: null,
});
const stays = async (...presences: ReturnType<typeof presenceOf>[]) => door.iam.stillPresent(presences);
const set = async (values: object) => {
  const row = await sql<{ version: number }>`
    select version from setting where key = 'console-sessions' and org_id is null`.execute(door.db);
  const version = row.rows[0]?.version ?? 0;
  await door.call(admin, updateSettings, { key: "console-sessions", version, values: values as never });
};

describe("one's own sessions", () => {
  test("are listed with address, client, times, proofs, and which is this one", async () => {
    const here = await enter();
    await enter(ann, "curl/8.5.0");
    const { items } = await door.call(here.actor, listMySignInSessions, {});
    expect(items).toMatchObject([
      { id: here.actor.signInId, agent: "Firefox, Linux", current: true, proofs: ["password"], idleMinutes: 480 },
      { agent: "curl", current: false, address: `10.8.${count}.1` },
    ]);
    expect(Date.parse(items[0]!.expiresAt) - Date.parse(items[0]!.signedInAt)).toBe(24 * 3_600_000);
  });

  test("end one by one; nobody else's", async () => {
    const [here, there] = [await enter(), await enter()];
    const bob = await door.person(`bob-${count}`);
    const id = there.actor.signInId!;
    expect(await door.codeOf(door.call(bob, endMySignInSession, { id }))).toBe("not_found");
    await door.call(here.actor, endMySignInSession, { id });
    expect([await here.isIn(), await there.isIn()]).toEqual([true, false]);
    expect(await door.codeOf(door.call(here.actor, endMySignInSession, { id }))).toBe("not_found");
  });

  test.each([
    [true, [true, false]],
    [false, [false, false]],
  ])("end everywhere (this one kept: %s), with SSH and remembered proofs", async (keepThis, left) => {
    const [here, there] = [await enter(), await enter()];
    await sql`insert into remembered_proof (user_id, address, first_proof, proofs, expires_at)
      values (${ann.id}, '10.0.0.1', 'password', '{totp}', now() + interval '1 hour')`.execute(door.db);
    const since = new Date(Date.now() - 1000);
    const inside = [
      presenceOf(null, since),
      presenceOf(here.actor.signInId, since),
      presenceOf(there.actor.signInId, since),
    ];
    expect(await stays(...inside)).toEqual([true, true, true]);
    const deliveries: string[] = [];
    await door.call(here.actor, endAllMySignInSessions, { keepThis }, ({ kind }) => void deliveries.push(kind));
    expect([await here.isIn(), await there.isIn()]).toEqual(left);
    expect(deliveries).toEqual(keepThis ? [] : ["sign-out"]);
    expect(await stays(...inside)).toEqual([false, keepThis, false]);
    const { rows } = await sql`select from remembered_proof where user_id = ${ann.id}`.execute(door.db);
    expect(rows).toEqual([]);
    expect(await stays(presenceOf(null, new Date(Date.now() + 1000)))).toEqual([true]);
  });

  test("are told to the gateways when they end", async () => {
    const here = await enter();
    let heard = 0;
    const listening = await door.database.listen(["access_changed"], {
      notified: () => void (heard += 1),
      reconnected: () => {},
      failed: () => {},
    });
    await door.call(here.actor, endAllMySignInSessions, {});
    await expect.poll(() => heard).toBeGreaterThan(0);
    await listening.close();
  });
});

describe("limits of a console session", () => {
  test("idle: it ends with its web terminals, and is not listed", async () => {
    await set({ idleMinutes: 15 });
    const here = await enter();
    const rest = async (minutes: number) =>
      sql`update console_session set used_at = now() - make_interval(mins => ${minutes}) where id = ${here.actor.signInId}`.execute(
        door.db,
      );
    await rest(14);
    expect(await stays(presenceOf(here.actor.signInId))).toEqual([true]);
    expect(await here.isIn()).toBe(true);
    await rest(15);
    expect(await stays(presenceOf(here.actor.signInId))).toEqual([false]);
    expect(await here.isIn()).toBe(false);
    expect((await door.call(here.actor, listMySignInSessions, {})).items).toEqual([]);
    await set({ idleMinutes: 480 });
  });

  test("absolute: it ends with its web terminals however much it is used", async () => {
    await set({ longestHours: 2 });
    const here = await enter();
    expect(Math.round((here.expiresAt.getTime() - Date.now()) / 60_000)).toBe(120);
    expect(await stays(presenceOf(here.actor.signInId))).toEqual([true]);
    await sql`update console_session set expires_at = now(), used_at = now() where id = ${here.actor.signInId}`.execute(
      door.db,
    );
    expect(await stays(presenceOf(here.actor.signInId))).toEqual([false]);
    expect(await here.isIn()).toBe(false);
    await set({ longestHours: 24 });
  });

  test("a page that nobody looks at does not keep it alive; a request and typing do", async () => {
    const here = await enter();
    const id = here.actor.signInId!;
    const age = async () => {
      const { rows } = await sql<{ age: number }>`
        select extract(epoch from now() - used_at)::int as age from console_session where id = ${id}`.execute(door.db);
      return rows[0]!.age;
    };
    const rest = () =>
      sql`update console_session set used_at = now() - interval '5 minutes' where id = ${id}`.execute(door.db);
    await rest();
    await here.identify(true);
    expect(await age()).toBeGreaterThan(290);
    await here.identify();
    expect(await age()).toBeLessThan(10);
    await rest();
    await door.iam.keepSessionInUse(id);
    expect(await age()).toBeLessThan(10);
  });
});

describe("administrators", () => {
  test("list and end a user's sessions, one or all", async () => {
    const [one, two] = [await enter(), await enter()];
    const { items } = await door.call(admin, listUserSignInSessions, { id: ann.id });
    expect(items.map(({ id, current }) => [id, current])).toEqual([
      [one.actor.signInId, false],
      [two.actor.signInId, false],
    ]);
    await door.call(admin, endUserSignInSession, { id: ann.id, sessionId: one.actor.signInId! });
    expect([await one.isIn(), await two.isIn()]).toEqual([false, true]);
    const elsewhere = { id: ann.id, sessionId: one.actor.signInId! };
    expect(await door.codeOf(door.call(admin, endUserSignInSession, elsewhere))).toBe("not_found");
    const since = new Date(Date.now() - 1000);
    await door.call(admin, endAllUserSignInSessions, { id: ann.id });
    expect([await two.isIn(), ...(await stays(presenceOf(null, since)))]).toEqual([false, false]);
  });

  test("sign out nobody who holds more, nor a member of an organization where they do not administer", async () => {
    const permissions = new Set(["user.sign-in-session.end", "user.sign-in-session.end-all"]);
    const helper = { ...(await door.person(`helper-${count}`)), permissions };
    expect(await door.codeOf(door.call(helper, endAllUserSignInSessions, { id: admin.id }))).toBe("denied");
    const ends = { id: admin.id, sessionId: admin.id };
    expect(await door.codeOf(door.call(helper, endUserSignInSession, ends))).toBe("denied");
    const orgId = await door.organization(`Other ${count}`);
    await sql`insert into membership (org_id, user_id) values (${orgId}, ${ann.id})`.execute(door.db);
    const local = await door.person(`local-${count}`, { roles: ["administrator"] });
    const here = await enter();
    expect(await door.codeOf(door.call(local, endAllUserSignInSessions, { id: ann.id }))).toBe("denied");
    expect(await here.isIn()).toBe(true);
  });
});
