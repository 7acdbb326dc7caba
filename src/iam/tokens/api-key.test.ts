import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import {
  addMySshKey,
  createMyApiKey,
  deleteMyApiKey,
  deleteUserApiKey,
  listApiScopes,
  listMyApiKeys,
  listUserApiKeys,
  listUsers,
  readMe,
  readUser,
  updateMyApiKey,
  updateUser,
} from "../schema.ts";

let door: Door;
let admin: Actor & { id: string; orgId: string };
let ann: Actor & { id: string; orgId: string };
let count = 0;

/** Just proved by password, as the console session says. */
const fresh = <A extends Actor>(actor: A): A => ({
  ...actor,
  proved: { signIn: new Date(), password: new Date(), secondFactor: null },
});

beforeAll(async () => {
  door = await openDoor();
  admin = fresh(await door.person("ada", { roles: ["administrator"] }));
});
beforeEach(async () => void (ann = fresh(await door.person(`ann-${++count}`, { roles: ["auditor"] }))));
afterAll(() => door.close());

const wanted = { name: "deploy", scopes: ["me.read", "user.list"] };
const make = async (more: object = {}, actor: Actor = ann) => door.call(actor, createMyApiKey, { ...wanted, ...more });
/** The actor of a request that carries the key. */
const bear = (secret: string, address = "10.0.0.1"): Promise<Actor> =>
  door.iam.identify({ token: null, bearer: secret, address, via: "api" });
const codeOf = (secret: string, address?: string) => door.codeOf(bear(secret, address));

describe("an API key", () => {
  test("is shown once, is stored as a hash, and says what it may do", async () => {
    const { key, secret } = await make();
    expect(secret).toMatch(/^sp_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(secret.startsWith(key.prefix)).toBe(true);
    const bare = secret.split("_").slice(2).join("_");
    const { rows } = await sql<{ row: string }>`select k::text as row from api_key k`.execute(door.db);
    const stored = rows.map(({ row }) => row).join();
    for (const form of [bare, Buffer.from(bare).toString("hex").slice(0, 40)]) expect(stored).not.toContain(form);
    expect(JSON.stringify(await door.call(ann, listMyApiKeys, {}))).not.toContain(bare);
    expect(JSON.stringify(await door.events("me.api-key.create"))).not.toContain(bare);
    const days = (Date.parse(key.expiresAt) - Date.parse(key.createdAt)) / 86_400_000;
    expect([key.scopes, key.addresses, key.usedAt, days]).toEqual([wanted.scopes, [], null, 90]);
  });

  test("acts for its user with no more than its scopes", async () => {
    const { secret } = await make();
    const actor = await bear(secret);
    expect(actor).toMatchObject({ id: ann.id, orgId: ann.orgId, via: "api", signInId: null });
    expect([...actor.permissions]).toEqual(["user.list"]);
    expect((await door.call(actor, readMe, {})).id).toBe(ann.id);
    await door.call(actor, listUsers, {});
    expect(await door.codeOf(door.call(actor, readUser, { id: ann.id }))).toBe("denied");
    expect(await door.codeOf(door.call(actor, addMySshKey, { name: "k", publicKey: "x" }))).toBe("denied");
  });

  test("loses at once what its user loses, and gains nothing that they gain", async () => {
    const { secret } = await make();
    await sql`update role_binding set role_id = 'administrator' where user_id = ${ann.id}`.execute(door.db);
    expect([...(await bear(secret)).permissions]).toEqual(["user.list"]);
    await sql`update role_binding set role_id = 'user' where user_id = ${ann.id}`.execute(door.db);
    expect([...(await bear(secret)).permissions]).toEqual([]);
    expect(await door.codeOf(door.call(await bear(secret), listUsers, {}))).toBe("denied");
  });

  test("leaves its name in the events of what it does", async () => {
    const { key, secret } = await make({ scopes: ["me.preferences"] });
    const { setPreferences } = await import("../schema.ts");
    await door.call(await bear(secret), setPreferences, { theme: "dark" });
    expect((await door.events("me.preferences")).at(-1)).toMatchObject({
      actor_id: ann.id,
      fields: { apiKey: key.prefix },
    });
  });

  test("is made and changed only by who has just proved a password; never with a key", async () => {
    const stale = { ...ann, proved: { signIn: new Date(), password: null, secondFactor: null } };
    expect(await door.codeOf(door.call(stale, createMyApiKey, wanted))).toBe("unconfirmed");
    const { key, secret } = await make();
    const change = { id: key.id, name: "renamed" };
    expect(await door.codeOf(door.call(stale, updateMyApiKey, change))).toBe("unconfirmed");
    expect(await door.codeOf(make({ scopes: ["me.api-key.create"] }))).toBe("invalid");
    await sql`update api_key set scopes = '{me.api-key.create}' where id = ${key.id}`.execute(door.db);
    expect(await door.codeOf(door.call(await bear(secret), createMyApiKey, wanted))).toBe("unconfirmed");
  });

  test.each([
    ["what its user does not hold", { scopes: ["user.create"] }, "denied"],
    ["an action that does not exist", { scopes: ["user.fly"] }, "invalid"],
    ["a pattern", { scopes: ["user.*"] }, "invalid"],
    ["what asks nobody who they are", { scopes: ["sign-in"] }, "invalid"],
    ["nothing", { scopes: [] }, "invalid"],
    ["longer than the site allows", { days: 366 }, "invalid"],
    ["no time at all", { days: 0 }, "invalid"],
    ["a network that is none", { addresses: ["10.0.0.0/40"] }, "invalid"],
    ["a name as a network", { addresses: ["office"] }, "invalid"],
  ])("is not made for %s", async (_, more, code) => {
    expect(await door.codeOf(make(more))).toBe(code);
  });

  test("is changed under the same guard", async () => {
    const { key } = await make();
    const change = (more: object) => door.codeOf(door.call(ann, updateMyApiKey, { id: key.id, ...more }));
    expect(await change({ scopes: ["user.create"] })).toBe("denied");
    expect(await change({ addresses: ["nowhere"] })).toBe("invalid");
    expect(await change({ scopes: ["role.list"], addresses: ["192.0.2.7"], name: "other" })).toBe("ok");
    const { items } = await door.call(ann, listMyApiKeys, {});
    expect(items[0]).toMatchObject({ scopes: ["role.list"], addresses: ["192.0.2.7/32"], name: "other" });
  });

  test("is offered what its user may give", async () => {
    const all: string[] = [];
    let cursor: string | undefined;
    do {
      const found = await door.call(ann, listApiScopes, { limit: 10, ...(cursor && { cursor }) });
      all.push(...found.items.map(({ name }) => name));
      cursor = found.next ?? undefined;
    } while (cursor);
    expect(all).toContain("user.list");
    expect(all).toContain("me.read");
    for (const none of ["user.create", "sign-in", "me.api-key.create", "device.confirm"])
      expect(all).not.toContain(none);
    expect(new Set(all).size).toBe(all.length);
    expect(await door.codeOf(make({ scopes: all }))).toBe("ok");
  });
});

describe("a key stops at once", () => {
  test.each([
    ["when it is deleted", (id: string) => door.call(ann, deleteMyApiKey, { id })],
    ["when it is switched off", (id: string) => door.call(ann, updateMyApiKey, { id, active: false })],
    [
      "when it expires",
      (id: string) =>
        sql`update api_key set created_at = now() - interval '2 days', expires_at = now() where id = ${id}`.execute(
          door.db,
        ),
    ],
    ["when an administrator deletes it", (id: string) => door.call(admin, deleteUserApiKey, { id: ann.id, keyId: id })],
    ["when its user is disabled", () => door.call(admin, updateUser, { id: ann.id, version: 1, active: false })],
    ["when its user expires", () => sql`update users set expires_at = now() where id = ${ann.id}`.execute(door.db)],
    [
      "when its user leaves the organization",
      () => sql`delete from membership where user_id = ${ann.id}`.execute(door.db),
    ],
  ])("%s", async (_, end) => {
    const { key, secret } = await make();
    await bear(secret);
    const presence = {
      userId: ann.id,
      orgId: ann.orgId,
      since: new Date(),
      signInId: null,
      fingerprint: null,
      byPassword: false,
      permission: null,
      apiKeyId: key.id,
    };
    expect(await door.iam.stillPresent([presence])).toEqual([true]);
    await end(key.id);
    expect(await codeOf(secret, `10.4.0.${count}`)).toBe("unauthenticated");
    expect(await door.iam.stillPresent([presence])).toEqual([false]);
  });

  test("and tells the gateways, which hold what it opened", async () => {
    const { key } = await make();
    const heard: string[] = [];
    const listening = await door.database.listen(["access_changed"], {
      notified: (channel) => void heard.push(channel),
      reconnected: () => {},
      failed: () => {},
    });
    await door.call(ann, updateMyApiKey, { id: key.id, active: false });
    await expect.poll(() => heard.length).toBe(1);
    await door.call(ann, deleteMyApiKey, { id: key.id });
    await expect.poll(() => heard.length).toBe(2);
    await listening.close();
  });
});

describe("wrong keys", () => {
  test("are answered alike, whatever is wrong", async () => {
    const { key, secret } = await make({ addresses: ["10.1.0.0/16", "2001:db8::/32"] });
    const off = await make();
    await door.call(ann, updateMyApiKey, { id: off.key.id, active: false });
    const tries: [string, string][] = [
      [secret, "10.2.0.1"],
      [secret, "2001:db9::1"],
      [off.secret, "10.2.0.1"],
      [`${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`, "10.1.0.1"],
      [`sp_000000000000_${secret.split("_").slice(2).join("_")}`, "10.1.0.1"],
      [`${key.prefix}_`, "10.1.0.1"],
      ["", "10.1.0.1"],
    ];
    const words: string[] = [];
    for (const [text, address] of tries.slice(0, -1)) {
      await bear(text, address).then(
        () => words.push("let in"),
        (error: Error) => words.push(`${(error as { code?: string }).code} ${error.message}`),
      );
      await sql`delete from sign_in_brake`.execute(door.db);
    }
    expect(words).toEqual(Array(tries.length - 1).fill(expect.stringMatching(/^unauthenticated /)));
    expect(new Set(words).size).toBe(1);
    expect(await codeOf(secret, "10.1.2.3")).toBe("ok");
    expect(await codeOf(secret, "2001:db8:1::1")).toBe("ok");
  });

  test("are slowed by address; a right one from there still counts", async () => {
    const { secret } = await make();
    const wrong = `${secret.slice(0, -3)}xyz`;
    const address = "10.7.7.7";
    const codes: string[] = [];
    for (let tries = 0; tries < 8; tries += 1) codes.push(await codeOf(wrong, address));
    expect(codes.filter((code) => code === "unauthenticated").length).toBeLessThan(8);
    expect(codes.at(-1)).toBe("too_many");
    expect(await codeOf(secret, address)).toBe("ok");
    expect(await codeOf(wrong, "10.7.7.8")).toBe("unauthenticated");
  });
});

describe("use of a key", () => {
  test("is written down with its address, at most once a minute", async () => {
    const { key, secret } = await make();
    await bear(secret, "10.3.0.1");
    await bear(secret, "10.3.0.2");
    const used = async () => (await door.call(ann, listMyApiKeys, {})).items.find(({ id }) => id === key.id);
    expect((await used())?.usedFrom).toBe("10.3.0.1");
    await sql`update api_key set used_at = now() - interval '61 seconds' where id = ${key.id}`.execute(door.db);
    await bear(secret, "10.3.0.2");
    expect((await used())?.usedFrom).toBe("10.3.0.2");
  });
});

test("at most 20 of a person, also when they are made at once", async () => {
  for (let made = 0; made < 18; made += 1) await make();
  const codes = await Promise.all(Array.from({ length: 5 }, () => door.codeOf(make())));
  expect(codes.toSorted()).toEqual(["conflict", "conflict", "conflict", "ok", "ok"]);
});

test("one's list holds one's own keys of this organization only", async () => {
  const { key } = await make();
  const bob = await door.person(`bob-${count}`, { roles: ["auditor"] });
  expect((await door.call(bob, listMyApiKeys, {})).items).toEqual([]);
  expect(await door.codeOf(door.call(fresh(bob), updateMyApiKey, { id: key.id, name: "stolen" }))).toBe("not_found");
  expect(await door.codeOf(door.call(bob, deleteMyApiKey, { id: key.id }))).toBe("not_found");
  const orgId = await door.organization(`Other ${count}`);
  expect((await door.call({ ...ann, orgId }, listMyApiKeys, {})).items).toEqual([]);
  expect(await door.codeOf(door.call({ ...ann, orgId }, deleteMyApiKey, { id: key.id }))).toBe("not_found");
  expect(await door.codeOf(make({}, { ...ann, orgId }))).toBe("denied");
});

test("an administrator sees and revokes keys of whom they outrank", async () => {
  const { key } = await make();
  expect((await door.call(admin, listUserApiKeys, { id: ann.id })).items.map(({ id }) => id)).toContain(key.id);
  const other = fresh(await door.person(`ada-${count}`, { roles: ["administrator"] }));
  const theirs = await make({ scopes: ["user.list"] }, other);
  const helper = { ...ann, permissions: new Set([...ann.permissions, "user.api-key.delete"]) };
  const drop = { id: other.id, keyId: theirs.key.id };
  expect(await door.codeOf(door.call(helper, deleteUserApiKey, drop))).toBe("denied");
  expect(await door.codeOf(door.call(guest(), listUserApiKeys, { id: ann.id }))).toBe("unauthenticated");
  await door.call(admin, deleteUserApiKey, { id: ann.id, keyId: key.id });
});

describe("the database itself refuses", () => {
  const insert = (more: string) => {
    const columns = {
      prefix: "'0123456789ab'",
      secret_hash: "sha256('x')",
      scopes: "'{user.list}'",
      expires_at: "now() + interval '1 day'",
    };
    const values = { ...columns, ...(JSON.parse(more) as object) };
    return sql
      .raw(
        `insert into api_key (id, user_id, org_id, name, ${Object.keys(values).join(", ")})
        values (gen_random_uuid(), '${ann.id}', '${ann.orgId}', 'k', ${Object.values(values).join(", ")})`,
      )
      .execute(door.db)
      .then(
        () => "ok",
        (error: { constraint?: string }) => error.constraint,
      );
  };
  test.each([
    ["a key that never ends", '{"expires_at":"\'infinity\'"}', "api_key_ends"],
    ["a key that ended before", '{"expires_at":"now() - interval \'1 day\'"}', "api_key_ends"],
    ["a key for nothing", '{"scopes":"\'{}\'"}', "api_key_may_do_something"],
    ["a secret that is no hash", '{"secret_hash":"\'secret\'"}', "api_key_secret_is_a_hash"],
  ])("%s", async (_, more, constraint) => {
    expect(await insert(more)).toBe(constraint);
  });
});
