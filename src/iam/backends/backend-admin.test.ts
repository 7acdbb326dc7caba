import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, type AnyAction, Fault, newId, plain, registry, run, secret } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import { userOfIdentity } from "../login/outside.ts";
import * as schema from "../schema.ts";
import type { Backend, OutsideIdentity } from "./backend.ts";
import { backendActions } from "./backend-admin.ts";
import { backendCheckActions } from "./backend-check.ts";
import { activeBackends } from "./configured.ts";
import { mappingActions } from "./mapping.ts";

const ann: OutsideIdentity = {
  issuer: "probe",
  subject: "1",
  loginName: "ann",
  name: "Ann",
  email: null,
  groups: ["Ops", "cn=Chiefs,dc=x"],
};

const probe: Backend = {
  kind: "probe",
  title: "A probe",
  flow: "form",
  settings: z
    .object({
      host: plain(z.string().max(100)).default("localhost").describe("Host"),
      retries: z.number().int().default(3).describe("Retries"),
      key: secret(z.string().max(100)).default("").describe("Key"),
      unmarked: z.string().max(100).default("").describe("Unmarked"),
    })
    .refine(({ retries }) => retries < 10, { path: ["retries"], message: "Too many." }),
  secretsStayWith: ["host"],
  judgesEverybody: ({ host }) => host === "judge",
  async check({ settings, say }) {
    say(`hello ${JSON.stringify(settings)}`);
    say(`hex ${Buffer.from(settings.key).toString("hex")}`);
    if (settings.host === "down") throw new Fault("upstream", `Nobody answers at down, key ${settings.key}.`);
    if (settings.host === "silent") await new Promise(() => {});
  },
  async verify({ say }, { loginName, password }) {
    say(`${loginName} with ${password}`);
    return password === "right-password" ? ann : null;
  },
};

let door: Door;
let admin: Actor & { id: string };
let actions: AnyAction<Db>[];

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
  const deps = { sealer: door.sealer, backends: registry<Backend>("sign-in backend", [probe]) };
  actions = [...backendActions(deps), ...backendCheckActions(deps), ...mappingActions(deps)] as AnyAction<Db>[];
});
afterAll(() => door.close());

async function call<E extends AnyAction<Db>["endpoint"]>(
  endpoint: E,
  input: z.input<E["input"]>,
  actor: Actor = admin,
): Promise<z.output<E["output"]>> {
  const action = actions.find((one) => one.endpoint === endpoint)!;
  return (await run(door.runtime, action, actor, input)) as z.output<E["output"]>;
}

let count = 0;
const create = (more: Partial<z.input<typeof schema.createSignInBackend.input>> = {}) =>
  call(schema.createSignInBackend, { kind: "probe", name: `Probe ${++count}`, ...more });

/** A role of the system that may rule backends and nothing else. */
async function lesser(name: string): Promise<Actor & { id: string }> {
  const permissions = [schema.updateSignInBackend, schema.deleteSignInBackend, schema.createSignInBackend];
  const mappings = [schema.addBackendMapping, schema.removeBackendMapping];
  const id = `backend-${name}`;
  await door.db
    .insertInto("role")
    .values({ id, name: id, permissions: [...permissions, ...mappings].map((one) => one.name), scope: "system" })
    .execute();
  const actor = await door.person(name);
  await door.db.insertInto("system_role_binding").values({ user_id: actor.id, role_id: id }).execute();
  return { ...actor, permissions: new Set([...permissions, ...mappings].map((one) => one.name)) };
}

describe("configuring sign-in backends", () => {
  test("what judges everybody is ruled by who holds all that system administrators hold", async () => {
    const small = await lesser("judge-maker");
    const judge = { host: "judge", key: "k" };
    const denied = { code: "denied", message: expect.stringContaining("everybody") };
    const asSmall = { kind: "probe", name: "Small judge", settings: judge };
    await expect(call(schema.createSignInBackend, asSmall, small)).rejects.toMatchObject(denied);
    const plainOne = await create({ settings: { host: "a", key: "k" } });
    const change = (id: string, settings: object) =>
      call(schema.updateSignInBackend, { id, version: 1, settings: { ...settings } }, small);
    await expect(change(plainOne.id, judge)).rejects.toMatchObject(denied);
    const { id } = await create({ settings: judge });
    await expect(change(id, { host: "a", key: "other" })).rejects.toMatchObject(denied);
    await expect(call(schema.deleteSignInBackend, { id }, small)).rejects.toMatchObject(denied);
    await call(schema.deleteSignInBackend, { id });
  });

  test("one of a kind that this version does not know can still be deleted", async () => {
    const { id } = await create();
    await sql`update sign_in_backend set kind = 'bygone' where id = ${id}`.execute(door.db);
    await call(schema.deleteSignInBackend, { id });
    await expect(call(schema.readSignInBackend, { id })).rejects.toMatchObject({ code: "not_found" });
  });

  test("kinds come with a form: secret fields are write-only and have no default", async () => {
    const { items } = await call(schema.listSignInBackendKinds, {});
    expect(items).toHaveLength(1);
    const { properties } = items[0]!.schema as { properties: Record<string, object> };
    expect(properties.key).toEqual({ type: "string", maxLength: 100, description: "Key", writeOnly: true });
    expect(properties.unmarked).toMatchObject({ writeOnly: true });
    expect(properties.host).toMatchObject({ default: "localhost" });
  });

  test("secrets go in only, are sealed, and stay when they are left blank", async () => {
    const made = await create({ settings: { host: "a", key: "the-key-1" } });
    expect(made).toMatchObject({ settings: { host: "a", retries: 3 }, secrets: { key: "set", unmarked: "unset" } });
    const after = await call(schema.updateSignInBackend, {
      id: made.id,
      version: 1,
      active: true,
      settings: { retries: 4, key: "" },
    });
    expect(after).toMatchObject({ version: 2, settings: { retries: 4 }, secrets: { key: "set" } });
    const row = await sql<{ t: string }>`select t::text as t from sign_in_backend t where id = ${made.id}`.execute(
      door.db,
    );
    expect(row.rows[0]!.t).not.toContain("the-key-1");
    expect(JSON.stringify([made, after, await door.events("sign-in-backend.update")])).not.toContain("the-key-1");
    const deps = { db: door.db, sealer: door.sealer, backends: registry<Backend>("b", [probe]) };
    const [active] = await activeBackends(deps, { id: made.id });
    expect(active!.settings).toEqual({ host: "a", retries: 4, key: "the-key-1", unmarked: "" });
    const cleared = await call(schema.updateSignInBackend, { id: made.id, version: 2, reset: ["key"] });
    expect(cleared.secrets).toEqual({ key: "unset", unmarked: "unset" });
  });

  test("a stored secret is not sent to a server it was not given for", async () => {
    const made = await create({ settings: { host: "a", key: "the-key-2" } });
    const move = { id: made.id, version: 1, settings: { host: "evil" } };
    await expect(call(schema.updateSignInBackend, move)).rejects.toThrow(/Type it again/);
    const moved = await call(schema.updateSignInBackend, { ...move, settings: { host: "b", key: "another" } });
    expect(moved.settings).toMatchObject({ host: "b" });
  });

  test("what the kind refuses is refused, field by field; an older version does not overwrite a newer one", async () => {
    const made = await create();
    const change = (settings: object) =>
      call(schema.updateSignInBackend, { id: made.id, version: 1, settings: settings as never });
    await expect(change({ retries: 11 })).rejects.toThrow("retries: Too many.");
    await expect(change({ constructor: 1 })).rejects.toThrow(/no such setting/);
    await expect(change({ nothing: 1 })).rejects.toThrow(/no such setting/);
    await change({ retries: 5 });
    await expect(change({ retries: 6 })).rejects.toThrow(/Somebody else changed/);
    await expect(create({ name: made.name })).rejects.toThrow(/There is a sign-in backend/);
    await expect(create({ kind: "nothing" })).rejects.toThrow(/Unknown sign-in backend/);
    await expect(create({ createsUsers: true })).rejects.toThrow(/Choose the organization/);
  });

  test("the order is the one that was given, and must name all", async () => {
    const { items } = await call(schema.listSignInBackends, {});
    const ids = items.map(({ id }) => id).toReversed();
    await call(schema.orderSignInBackends, { ids });
    expect((await call(schema.listSignInBackends, {})).items.map(({ id }) => id)).toEqual(ids);
    await expect(call(schema.orderSignInBackends, { ids: ids.slice(1) })).rejects.toThrow(/Load the page again/);
    await expect(call(schema.orderSignInBackends, { ids: [...ids.slice(1), ids[1]!] })).rejects.toThrow(
      /Load the page/,
    );
  });

  test("one that nobody knows any more is listed with its problem and keeps nobody else out", async () => {
    const id = newId();
    await door.db.insertInto("sign_in_backend").values({ id, kind: "gone", name: "Gone", active: true }).execute();
    const made = await create({ active: true, settings: { key: "k" } });
    await door.db
      .updateTable("sign_in_backend")
      .set({ sealed: Buffer.alloc(200) })
      .where("id", "=", made.id)
      .execute();
    const { items } = await call(schema.listSignInBackends, {});
    expect(items.find((one) => one.id === id)!.problem).toMatch(/does not know this kind/);
    expect(items.find((one) => one.id === made.id)!.problem).toMatch(/do not open/);
    const deps = { db: door.db, sealer: door.sealer, backends: registry<Backend>("b", [probe]) };
    expect((await activeBackends(deps)).map((one) => one.id)).not.toContain(made.id);
    await door.db.deleteFrom("sign_in_backend").where("id", "in", [id, made.id]).execute();
  });

  test("one with linked users is deleted only together with their links, and says how many", async () => {
    const made = await create({ createsUsers: true, orgId: DEFAULT_ORGANIZATION });
    const from = { id: made.id, name: made.name, orgId: DEFAULT_ORGANIZATION, createsUsers: true, entry: probe };
    await userOfIdentity(door.db, from, { ...ann, loginName: "linked" });
    await expect(call(schema.deleteSignInBackend, { id: made.id })).rejects.toThrow(/1 user is linked/);
    await call(schema.deleteSignInBackend, { id: made.id, withIdentities: true });
    await expect(call(schema.readSignInBackend, { id: made.id })).rejects.toThrow(/no such sign-in backend/);
  });
});

describe("trying a sign-in backend", () => {
  test("shows the conversation with secrets and passwords masked", async () => {
    const made = await create({ settings: { host: "a", key: "the-key-3", unmarked: "tell nobody" } });
    const checked = await call(schema.checkSignInBackend, { id: made.id });
    expect(checked).toMatchObject({ ok: true, identity: null });
    expect(checked.transcript[0]).toContain('"host":"a"');
    const person = { id: made.id, loginName: "ann", password: "right-password" };
    const right = await call(schema.checkSignInBackend, person);
    expect(right).toMatchObject({
      ok: true,
      transcript: ["ann with ********"],
      identity: { subject: "1", user: null },
    });
    const wrong = await call(schema.checkSignInBackend, { ...person, password: "wrong-password" });
    expect(wrong).toMatchObject({ ok: false, identity: null });
    const all = JSON.stringify([checked, right, wrong, await door.events("sign-in-backend.check")]);
    for (const text of [
      "the-key-3",
      Buffer.from("the-key-3").toString("hex"),
      "tell nobody",
      "right-password",
      "wrong-password",
    ])
      expect(all).not.toContain(text);
  });

  test("a failure is an answer, also one that never comes", async () => {
    const down = await create({ settings: { host: "down", key: "the-key-4" } });
    expect(await call(schema.checkSignInBackend, { id: down.id })).toMatchObject({
      ok: false,
      message: "Nobody answers at down, key ********.",
    });
    const silent = await create({ settings: { host: "silent" } });
    const answer = await call(schema.checkSignInBackend, { id: silent.id });
    expect(answer).toMatchObject({ ok: false, message: expect.stringMatching(/did not answer in time/) });
  }, 30_000);

  test("is braked like a sign-in", async () => {
    const made = await create();
    const guess = () => call(schema.checkSignInBackend, { id: made.id, loginName: "victim", password: "guess" });
    for (let tries = 0; tries < 6; tries++) await guess();
    await expect(guess()).rejects.toMatchObject({ code: "too_many" });
  });
});

describe("mappings", () => {
  const holds = async (userId: string) => ({
    groups: (await door.db.selectFrom("group_member").select("group_id").where("user_id", "=", userId).execute()).map(
      (row) => row.group_id,
    ),
    roles: (await door.db.selectFrom("role_binding").select("role_id").where("user_id", "=", userId).execute()).map(
      (row) => row.role_id,
    ),
  });
  const group = async (orgId = DEFAULT_ORGANIZATION) => {
    const id = newId();
    await door.db
      .insertInto("user_group")
      .values({ id, org_id: orgId, name: `group ${id}` })
      .execute();
    return id;
  };

  test("give at each sign-in what the groups say, and take back only what they gave", async () => {
    const made = await create({ createsUsers: true, orgId: DEFAULT_ORGANIZATION });
    const from = { id: made.id, name: made.name, orgId: DEFAULT_ORGANIZATION, createsUsers: true, entry: probe };
    const [ops, byHand, elsewhere] = [await group(), await group(), await door.organization("Mapped")];
    const map = (outsideGroup: string, given: object) =>
      call(schema.addBackendMapping, { id: made.id, outsideGroup, orgId: DEFAULT_ORGANIZATION, ...given });
    await map("ops", { groupId: ops });
    await map("Ops", { groupId: byHand });
    const auditors = await map("CN=chiefs,DC=x", { roleId: "auditor" });
    await map("Ops", { roleId: "user", orgId: elsewhere });
    await expect(map("OPS", { groupId: ops })).rejects.toThrow(/there already/);
    const person = { ...ann, subject: "m1", loginName: "mapped" };
    const id = await userOfIdentity(door.db, { ...from }, { ...person, groups: [] });
    expect(await holds(id)).toEqual({ groups: [], roles: [] });
    await door.db
      .insertInto("group_member")
      .values({ org_id: DEFAULT_ORGANIZATION, group_id: byHand, user_id: id })
      .execute();
    await userOfIdentity(door.db, from, person);
    expect(await holds(id)).toMatchObject({ groups: expect.arrayContaining([ops, byHand]) });
    expect((await holds(id)).roles.toSorted()).toEqual(["auditor", "user"]);
    await call(schema.removeBackendMapping, { id: made.id, mappingId: auditors.id });
    expect((await holds(id)).roles).toEqual(["user"]);
    const memberOf = async () =>
      (await door.db.selectFrom("membership").select("org_id").where("user_id", "=", id).execute()).map(
        (row) => row.org_id,
      );
    expect((await memberOf()).toSorted()).toEqual([DEFAULT_ORGANIZATION, elsewhere].toSorted());
    await userOfIdentity(door.db, from, { ...person, groups: [] });
    expect(await holds(id)).toEqual({ groups: [byHand], roles: [] });
    expect(await memberOf()).toEqual([DEFAULT_ORGANIZATION]);
  });

  test.each([
    [
      "a permission rule",
      (org: string, user: string) => sql`with rule as (
        insert into access_grant (id, org_id, name) values (${newId()}, ${org}, 'by hand') returning id)
      insert into grant_user (grant_id, org_id, user_id) select id, ${org}, ${user} from rule`,
    ],
    [
      "a request rule",
      (org: string, user: string) => sql`with rule as (
        insert into request_rule (id, org_id, name, longest_minutes) values (${newId()}, ${org}, 'all', 60) returning id)
      insert into request_rule_side (rule_id, org_id, side, user_id) select id, ${org}, 'reviewer', ${user} from rule`,
    ],
  ])("end no membership there by which somebody named the user in %s", async (what, name) => {
    const made = await create({ createsUsers: true, orgId: DEFAULT_ORGANIZATION });
    const from = { id: made.id, name: made.name, orgId: DEFAULT_ORGANIZATION, createsUsers: true, entry: probe };
    const elsewhere = await door.organization(what);
    await call(schema.addBackendMapping, { id: made.id, outsideGroup: "ops", roleId: "user", orgId: elsewhere });
    const person = { ...ann, subject: what, loginName: what.replaceAll(" ", "-") };
    const id = await userOfIdentity(door.db, from, person);
    await name(elsewhere, id).execute(door.db);
    await userOfIdentity(door.db, from, { ...person, groups: [] });
    const left = await sql`select from membership where user_id = ${id} and org_id = ${elsewhere}`.execute(door.db);
    expect(left.rows).toHaveLength(1);
  });

  test("the last administrator stays one", async () => {
    const orgId = await door.organization("Led");
    const made = await create({ createsUsers: true, orgId });
    const from = { id: made.id, name: made.name, orgId, createsUsers: true, entry: probe };
    await call(schema.addBackendMapping, { id: made.id, outsideGroup: "ops", orgId, roleId: "administrator" });
    const id = await userOfIdentity(door.db, from, { ...ann, loginName: "last" });
    await userOfIdentity(door.db, from, { ...ann, groups: [] });
    expect(await holds(id)).toMatchObject({ roles: ["administrator"] });
  });

  test("nobody maps to what they do not hold, nor rules a backend that gives it or by which such people sign in", async () => {
    const made = await create({ createsUsers: true, orgId: DEFAULT_ORGANIZATION });
    const small = await lesser("small");
    const map = (given: object) =>
      call(schema.addBackendMapping, { id: made.id, outsideGroup: "x", orgId: DEFAULT_ORGANIZATION, ...given }, small);
    await expect(map({ roleId: "administrator" })).rejects.toMatchObject({ code: "denied" });
    await expect(map({ roleId: "user" })).rejects.toMatchObject({ code: "denied" });
    await expect(map({ groupId: await group() })).rejects.toMatchObject({ code: "denied" });
    await expect(
      call(
        schema.createSignInBackend,
        { kind: "probe", name: "Maker", orgId: DEFAULT_ORGANIZATION, createsUsers: true },
        small,
      ),
    ).rejects.toMatchObject({ code: "denied" });
    const point = (version: number) =>
      call(
        schema.updateSignInBackend,
        { id: made.id, version, createsUsers: false, settings: { host: "evil" } },
        small,
      );
    const mapping = await call(schema.addBackendMapping, {
      id: made.id,
      outsideGroup: "x",
      orgId: DEFAULT_ORGANIZATION,
      roleId: "auditor",
    });
    await expect(point(1)).rejects.toMatchObject({ code: "denied" });
    await call(schema.removeBackendMapping, { id: made.id, mappingId: mapping.id });
    await door.db
      .insertInto("identity")
      .values({ id: newId(), backend_id: made.id, issuer: "probe", subject: "admin", user_id: admin.id })
      .execute();
    await expect(point(1)).rejects.toMatchObject({ code: "denied" });
    await expect(call(schema.deleteSignInBackend, { id: made.id, withIdentities: true }, small)).rejects.toMatchObject({
      code: "denied",
    });
    await door.db.deleteFrom("identity").where("backend_id", "=", made.id).execute();
    expect((await point(1)).version).toBe(2);
  });

  test("roles of the system, of other organizations and groups of other organizations cannot be mapped", async () => {
    const made = await create();
    const orgId = await door.organization("Foreign");
    const map = (given: object) =>
      call(schema.addBackendMapping, { id: made.id, outsideGroup: "x", orgId: DEFAULT_ORGANIZATION, ...given });
    await expect(map({ roleId: "system-administrator" })).rejects.toThrow(/role of the system/);
    await expect(map({ groupId: await group(orgId) })).rejects.toMatchObject({ code: "not_found" });
    await door.db.insertInto("role").values({ id: "foreign", name: "Foreign", org_id: orgId }).execute();
    await expect(map({ roleId: "foreign" })).rejects.toMatchObject({ code: "not_found" });
    await expect(map({})).rejects.toThrow(/Choose a group or a role/);
    await expect(map({ roleId: "user", groupId: await group() })).rejects.toThrow(/one of them/);
  });

  test("somebody whom the directory disabled does not come in", async () => {
    const made = await create({ createsUsers: true, orgId: DEFAULT_ORGANIZATION });
    const from = { id: made.id, name: made.name, orgId: DEFAULT_ORGANIZATION, createsUsers: true, entry: probe };
    const off = { ...ann, subject: "off", loginName: "off", active: false };
    await expect(userOfIdentity(door.db, from, off)).rejects.toMatchObject({ code: "denied" });
  });
});
