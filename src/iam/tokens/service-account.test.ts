import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { makeKey } from "../../../test/support/sshd.ts";
import type { Actor } from "../../core/index.ts";
import {
  addUserSshKey,
  createServiceAccount,
  createServiceKey,
  deleteServiceAccount,
  deleteServiceKey,
  listServiceAccounts,
  listServiceKeys,
  listUsers,
  readServiceAccount,
  readUser,
  type ServiceAccount,
  setUserPassword,
  signIn,
  updateServiceAccount,
  updateServiceKey,
  updateUser,
} from "../schema.ts";

let door: Door;
let admin: Actor & { id: string; orgId: string };
let bot: ServiceAccount;
let count = 0;

const fresh = <A extends Actor>(actor: A): A => ({
  ...actor,
  proved: { signIn: new Date(), password: new Date(), secondFactor: null },
});

beforeAll(async () => {
  door = await openDoor();
  admin = fresh(await door.person("ada", { roles: ["administrator"] }));
});
beforeEach(async () => {
  count += 1;
  bot = await door.call(admin, createServiceAccount, {
    loginName: `bot-${count}`,
    name: "Deploys",
    roles: ["auditor"],
  });
});
afterAll(() => door.close());

const bear = (bearer: string) => door.iam.identify({ token: null, bearer, address: "10.0.0.1", via: "api" });
const makeKeyFor = (more: object = {}, actor: Actor = admin) =>
  door.call(actor, createServiceKey, { id: bot.id, name: "ci", scopes: ["user.list"], ...more });

describe("a service account", () => {
  test("acts with the keys that an administrator makes for it", async () => {
    const { secret } = await makeKeyFor();
    const actor = await bear(secret);
    expect(actor).toMatchObject({ kind: "person", id: bot.id, name: "Deploys", via: "api" });
    await door.call(actor, listUsers, {});
    expect(await door.call(admin, readServiceAccount, { id: bot.id })).toMatchObject({
      keys: 1,
      roles: ["auditor"],
      usedAt: expect.any(String),
    });
  });

  test("has no password, signs in nowhere, holds no SSH key, and is no user in any list", async () => {
    const password = "correct horse battery";
    expect(await door.codeOf(door.call(admin, setUserPassword, { id: bot.id, password }))).toBe("not_found");
    expect(await door.codeOf(door.call(admin, updateUser, { id: bot.id, version: 1, name: "x" }))).toBe("not_found");
    expect(await door.codeOf(door.call(admin, readUser, { id: bot.id }))).toBe("not_found");
    const key = { id: bot.id, name: "k", publicKey: makeKey("ed25519").publicLine };
    expect(await door.codeOf(door.call(admin, addUserSshKey, key))).toBe("not_found");
    expect((await door.call(admin, listUsers, { search: "bot-" })).items).toEqual([]);
    const typed = door.call(guest("10.6.0.1"), signIn, { loginName: bot.loginName, password });
    expect(await door.codeOf(typed)).toBe("unauthenticated");
  });

  test("the database itself refuses it a password, a console session, an SSH key and to become a person", async () => {
    const refused = (statement: ReturnType<typeof sql>) =>
      statement.execute(door.db).then(
        () => "ok",
        (error: { constraint?: string }) => error.constraint,
      );
    expect(await refused(sql`update users set password_hash = 'x' where id = ${bot.id}`)).toBe(
      "service_has_no_password",
    );
    expect(
      await refused(sql`insert into console_session (id, token_hash, user_id, org_id, expires_at)
        values (gen_random_uuid(), '\\x00', ${bot.id}, ${admin.orgId}, now() + interval '1 day')`),
    ).toBe("service_has_api_keys_only");
    expect(
      await refused(sql`insert into ssh_key (id, user_id, name, public_key, fingerprint)
        values (gen_random_uuid(), ${bot.id}, 'k', 'ssh-ed25519 x', 'SHA256:x')`),
    ).toBe("service_has_api_keys_only");
    expect(await refused(sql`update users set kind = 'person' where id = ${bot.id}`)).toBe("user_kind_stays");
  });

  test("stops at once when it is disabled or deleted", async () => {
    const { secret } = await makeKeyFor();
    await door.call(admin, updateServiceAccount, { id: bot.id, version: 1, active: false });
    expect(await door.codeOf(bear(secret))).toBe("unauthenticated");
    await door.call(admin, updateServiceAccount, { id: bot.id, version: 2, active: true });
    expect(await door.codeOf(bear(secret))).toBe("ok");
    await door.call(admin, deleteServiceAccount, { id: bot.id });
    expect(await door.codeOf(bear(secret))).toBe("unauthenticated");
    const { rows } = await sql`select from users where id = ${bot.id}`.execute(door.db);
    expect(rows).toEqual([]);
  });

  test("is no last administrator", async () => {
    await sql`insert into role_binding (org_id, user_id, role_id) values (${admin.orgId}, ${bot.id}, 'administrator')`.execute(
      door.db,
    );
    const other = await door.person(`second-${count}`, { roles: ["administrator"] });
    const version = async () => (await door.call(other, readUser, { id: admin.id })).version;
    const change = { id: admin.id, active: false };
    expect(await door.codeOf(door.call(other, updateUser, { ...change, version: await version() }))).toBe("ok");
    await door.call(other, updateUser, { id: admin.id, active: true, version: await version() });
    await sql`update users set active = false where id = ${other.id}`.execute(door.db);
    const demoted = door.call(other, updateUser, { ...change, version: await version() });
    expect(await door.codeOf(demoted)).toBe("conflict");
  });

  test("changes neither itself nor its own keys", async () => {
    const all = [updateServiceAccount.name, deleteServiceAccount.name, "service-account.key.delete"];
    await sql`insert into role_binding (org_id, user_id, role_id) values (${admin.orgId}, ${bot.id}, 'administrator')`.execute(
      door.db,
    );
    const { secret } = await makeKeyFor({ scopes: all });
    const actor = await bear(secret);
    const change = { id: bot.id, version: 1, roles: ["user"] };
    expect(await door.codeOf(door.call(actor, updateServiceAccount, change))).toBe("denied");
    expect(await door.codeOf(door.call(actor, deleteServiceAccount, { id: bot.id }))).toBe("denied");
    expect(await door.codeOf(makeKeyFor({}, actor))).toBe("denied");
  });
});

describe("nobody gives what they do not hold", () => {
  const helperWith = async (...permissions: string[]) =>
    fresh({ ...(await door.person(`helper-${count}`)), permissions: new Set(permissions) });

  test("no role", async () => {
    const helper = await helperWith("service-account.create", "service-account.update");
    const wanted = { loginName: `bot-of-${count}`, name: "b", roles: ["administrator"] };
    expect(await door.codeOf(door.call(helper, createServiceAccount, wanted))).toBe("denied");
    const { id } = await door.call(helper, createServiceAccount, { ...wanted, roles: [] });
    const raised = door.call(helper, updateServiceAccount, { id, version: 1, roles: ["auditor"] });
    expect(await door.codeOf(raised)).toBe("denied");
  });

  test("no key of an account that holds more, nor a scope that the account or they lack", async () => {
    const helper = await helperWith("service-account.key.create", "user.list");
    expect(await door.codeOf(makeKeyFor({}, helper))).toBe("denied");
    expect(await door.codeOf(makeKeyFor({ scopes: ["user.create"] }))).toBe("denied");
    await door.call(admin, updateServiceAccount, { id: bot.id, version: 1, roles: [] });
    expect(await door.codeOf(makeKeyFor({ scopes: ["user.list"] }))).toBe("denied");
    expect(await door.codeOf(makeKeyFor({ scopes: ["me.read"] }, helper))).toBe("ok");
  });

  test("and a key is made only by who has just proved a password", async () => {
    const stale = { ...admin, proved: { signIn: new Date(0), password: new Date(0), secondFactor: null } };
    expect(await door.codeOf(makeKeyFor({}, stale))).toBe("unconfirmed");
  });
});

test("keys are listed, changed and revoked by administrators of the organization alone", async () => {
  const { key, secret } = await makeKeyFor();
  expect((await door.call(admin, listServiceKeys, { id: bot.id })).items).toMatchObject([{ id: key.id, name: "ci" }]);
  const stranger = await door.person(`stranger-${count}`, {
    orgId: await door.organization(`Other ${count}`),
    roles: ["administrator"],
  });
  const of = { id: bot.id, keyId: key.id };
  const works = [
    door.call(stranger, listServiceKeys, { id: bot.id }),
    door.call(fresh(stranger), updateServiceKey, { ...of, active: false }),
    door.call(stranger, deleteServiceKey, of),
    door.call(stranger, readServiceAccount, { id: bot.id }),
  ];
  expect(new Set(await Promise.all(works.map(door.codeOf)))).toEqual(new Set(["not_found"]));
  expect((await door.call(stranger, listServiceAccounts, {})).items).toEqual([]);
  await door.call(admin, updateServiceKey, { ...of, active: false });
  expect(await door.codeOf(bear(secret))).toBe("unauthenticated");
  await door.call(admin, updateServiceKey, { ...of, active: true });
  expect(await door.codeOf(bear(secret))).toBe("ok");
  await door.call(admin, deleteServiceKey, of);
  expect(await door.codeOf(bear(secret))).toBe("unauthenticated");
});

test("a name is taken once, whoever bears it", async () => {
  const again = door.call(admin, createServiceAccount, { loginName: bot.loginName.toUpperCase(), name: "b" });
  expect(await door.codeOf(again)).toBe("conflict");
  expect(
    (await door.call(admin, listServiceAccounts, { search: "deploys", active: "true" })).items.map(({ id }) => id),
  ).toContain(bot.id);
});
