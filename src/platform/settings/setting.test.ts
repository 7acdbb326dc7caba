import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { type Actor, Fault, plain, secret } from "../../core/index.ts";
import { type SettingsGroup, settingsGroup } from "../index.ts";
import {
  listOrganizationSettings,
  listSettings,
  readOrganizationSettings,
  readSettings,
  updateOrganizationSettings,
  updateSettings,
} from "../schema.ts";

const rules = settingsGroup({
  key: "rules",
  title: "Rules",
  scope: "organization",
  schema: z
    .object({
      least: z.number().int().min(1).max(64).default(12),
      most: z.number().int().default(256),
      motto: plain(z.string().trim().max(40)).default("none"),
      unmarked: z.string().max(100).default(""),
      key: secret(z.string().max(100)).default(""),
    })
    .refine(({ least, most }) => least <= most, { path: ["least"], message: "More than the most." }),
});
const site = settingsGroup({
  key: "site-only",
  title: "Of the site",
  scope: "site",
  schema: z.object({ level: z.enum(["low", "high"]).default("low") }),
});

let door: Door;
let admin: Actor;
let other: Actor & { orgId: string };
let nobody: Actor;

beforeAll(async () => {
  door = await openDoor({ settings: [rules, site] });
  admin = await door.person("admin", { roles: ["administrator", "system-administrator"] });
  other = await door.person("other", { orgId: await door.organization("Other"), roles: ["administrator"] });
  nobody = await door.person("nobody");
});
afterAll(() => door.close());

const read = (orgId?: string | null) => door.platform.settings.read(rules, orgId);
const versionOf = async (key = "rules"): Promise<number> => (await door.call(admin, readSettings, { key })).version;
const setSite = async (values: object, reset: string[] = []) =>
  door.call(admin, updateSettings, { key: "rules", version: await versionOf(), values: values as never, reset });
const setOwn = async (actor: Actor, values: object, reset: string[] = []) => {
  const { version } = await door.call(actor, readOrganizationSettings, { key: "rules" });
  return door.call(actor, updateOrganizationSettings, { key: "rules", version, values: values as never, reset });
};

async function clear(): Promise<void> {
  await sql`delete from setting`.execute(door.db);
}

describe("settings", () => {
  test("hold the defaults until something is set; then field by field: organization, site, defaults", async () => {
    await clear();
    expect(await read(other.orgId)).toEqual({ least: 12, most: 256, motto: "none", unmarked: "", key: "" });
    await setSite({ least: 14, motto: " site " });
    await setOwn(other, { least: 20 });
    expect(await read()).toMatchObject({ least: 14, motto: "site" });
    expect(await read(other.orgId)).toMatchObject({ least: 20, motto: "site", most: 256 });
    await setSite({ motto: "changed", most: 100 });
    expect(await read(other.orgId)).toMatchObject({ least: 20, motto: "changed", most: 100 });
    expect(await read(admin.orgId)).toMatchObject({ least: 14 });
    const mine = await door.call(other, readOrganizationSettings, { key: "rules" });
    expect(mine).toMatchObject({ own: ["least"], values: { least: 20 }, inherited: { least: 14 } });
    expect(await setOwn(other, {}, ["least"])).toMatchObject({ own: [], values: { least: 14 } });
    expect(await read(other.orgId)).toMatchObject({ least: 14 });
  });

  test("are written by whoever read the newest version; the conflict carries it", async () => {
    await clear();
    const first = await door.call(admin, updateSettings, { key: "rules", version: 0, values: { least: 13 } });
    expect(first.version).toBe(1);
    for (const version of [0, 2]) {
      const late = door.call(admin, updateSettings, { key: "rules", version, values: { least: 15 } });
      const fault = await late.catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code: "conflict", details: { current: { version: 1, values: { least: 13 } } } });
    }
    const tries = Array.from({ length: 5 }, (_, n) =>
      door.codeOf(door.call(admin, updateSettings, { key: "rules", version: 1, values: { least: 20 + n } })),
    );
    expect((await Promise.all(tries)).toSorted()).toEqual([...Array(4).fill("conflict"), "ok"]);
    await clear();
    const firsts = Array.from({ length: 5 }, (_, n) =>
      door.codeOf(door.call(admin, updateSettings, { key: "rules", version: 0, values: { least: 20 + n } })),
    );
    expect((await Promise.all(firsts)).toSorted()).toEqual([...Array(4).fill("conflict"), "ok"]);
  });

  test("refuse values and fields that the schema does not know, and say where", async () => {
    await clear();
    const refusals: [object, string][] = [
      [{ least: 0 }, "least"],
      [{ least: "many" }, "least"],
      [{ least: 60, most: 50 }, "least"],
      [{ odd: 1 }, "odd"],
      [{ constructor: 1 }, "constructor"],
    ];
    for (const [values, path] of refusals) {
      const fault = await setSite(values).catch((error: unknown) => error);
      expect(fault).toMatchObject({ code: "invalid", details: { problems: [{ path }] } });
    }
    expect(await door.codeOf(setSite({ least: 20 }, ["least"]))).toBe("invalid");
    expect(await read()).toMatchObject({ least: 12 });
    await setSite({ most: 30 });
    expect(await door.codeOf(setOwn(other, { least: 31 }))).toBe("invalid");
    expect(await door.codeOf(setOwn(other, { least: 30 }))).toBe("ok");
  });

  test("an organization's layer that no longer goes with the site's does not count", async () => {
    await clear();
    await setOwn(other, { least: 40, motto: "ours" });
    await setSite({ most: 30 });
    expect(await read(other.orgId)).toMatchObject({ least: 12, most: 30, motto: "none" });
    await sql`update setting set value = '{"least":"broken","motto":"kept"}' where org_id = ${other.orgId}`.execute(
      door.db,
    );
    expect(await read(other.orgId)).toMatchObject({ least: 12, motto: "kept" });
  });

  test("secrets go in and never come out; an empty one stays as it is", async () => {
    await clear();
    const answers = [
      await setSite({ key: "hush-hush-1", unmarked: "hush-hush-2", motto: "open" }),
      await setSite({ key: "", unmarked: null, motto: "still open" }),
      await door.call(admin, readSettings, { key: "rules" }),
      await door.call(other, readOrganizationSettings, { key: "rules" }),
    ];
    expect(await read()).toMatchObject({ key: "hush-hush-1", unmarked: "hush-hush-2", motto: "still open" });
    expect(answers[1]).toMatchObject({ secrets: { key: "own", unmarked: "own" }, values: { motto: "still open" } });
    expect(answers[3]).toMatchObject({ secrets: { key: "inherited", unmarked: "inherited" }, own: [] });
    const rows = await sql`select value::text, encode(sealed, 'escape') as sealed from setting`.execute(door.db);
    const events = await door.events("settings.update");
    expect(JSON.stringify([answers, rows.rows, events])).not.toContain("hush-hush");
    expect(events.at(-2)?.fields).toMatchObject({
      input: { key: "rules", values: "[hidden]" },
      before: { values: { motto: "none" }, secrets: { key: "unset" } },
      after: { values: { motto: "open" }, secrets: { key: "own" } },
      secretsReplaced: ["key", "unmarked"],
    });
    await setSite({}, ["key"]);
    expect(await read()).toMatchObject({ key: "", unmarked: "hush-hush-2" });
  });

  test("a stored secret goes to no other server than it was given for", async () => {
    await clear();
    const set = async (values: object, reset: string[] = []) => {
      const { version } = await door.call(admin, readSettings, { key: "mail" });
      return door.codeOf(door.call(admin, updateSettings, { key: "mail", version, values: { ...values }, reset }));
    };
    const first = {
      host: "mail.example.org",
      user: "gate",
      password: "given for that one",
      fromAddress: "g@example.org",
    };
    expect(await set(first)).toBe("ok");
    expect(await set({ subjectPrefix: "[gate]", password: "" })).toBe("ok");
    for (const moved of [{ host: "evil.example.org" }, { port: 2525 }, { user: "eve" }, { security: "tls" }])
      expect(await set(moved)).toBe("invalid");
    expect(await set({ host: "" })).toBe("ok");
    expect(await set({ host: "evil.example.org" })).toBe("invalid");
    expect(await set({ host: "other.example.org", password: "given for this one" })).toBe("ok");
    expect(await set({ host: "third.example.org" }, ["password"])).toBe("ok");
  });

  test("a sealed value does not open in another organization's row", async () => {
    await clear();
    await setOwn(other, { key: "ours alone" });
    await sql`update setting set org_id = ${admin.orgId} where org_id = ${other.orgId}`.execute(door.db);
    await expect(read(admin.orgId)).rejects.toMatchObject({ code: "unavailable" });
  });

  test("the schema of the form shows secrets as writable only, without a default", async () => {
    const { items } = await door.call(admin, listSettings, {});
    const keys = items.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(["sign-in", "rules", "site-only", "mail"]));
    const { properties } = items.find(({ key }) => key === "rules")!.schema as {
      properties: Record<string, Record<string, unknown>>;
    };
    expect(properties.least).toMatchObject({ type: "integer", default: 12, minimum: 1, maximum: 64 });
    for (const name of ["key", "unmarked"]) {
      expect(properties[name]).toMatchObject({ type: "string", writeOnly: true });
      expect(properties[name]).not.toHaveProperty("default");
    }
    const ofOrganizations = (await door.call(other, listOrganizationSettings, {})).items.map(({ key }) => key);
    expect(ofOrganizations).toEqual(expect.arrayContaining(["sign-in", "rules"]));
    for (const key of ["site-only", "mail"]) expect(ofOrganizations).not.toContain(key);
    expect(await door.codeOf(door.call(other, readOrganizationSettings, { key: "site-only" }))).toBe("not_found");
    const smuggled = { key: "site-only", version: 0, values: { level: "high" } };
    expect(await door.codeOf(door.call(other, updateOrganizationSettings, smuggled))).toBe("not_found");
  });

  test("a permission of their own each; a user has none of them", async () => {
    const tries = [
      door.call(nobody, listSettings, {}),
      door.call(nobody, readSettings, { key: "rules" }),
      door.call(nobody, updateSettings, { key: "rules", version: 0 }),
      door.call(nobody, listOrganizationSettings, {}),
      door.call(nobody, readOrganizationSettings, { key: "rules" }),
      door.call(nobody, updateOrganizationSettings, { key: "rules", version: 0 }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(Array(6).fill("denied"));
  });

  test("one row for each owner and key, in SQL as well, and only objects in it", async () => {
    await clear();
    const insert = (org: string | null, key: string, value: string) =>
      sql`insert into setting (org_id, key, value) values (${org}, ${key}, ${value}::jsonb)`.execute(door.db);
    await insert(null, "twice", "{}");
    await expect(insert(null, "twice", "{}")).rejects.toThrow("setting_is_kept_once");
    await expect(insert(null, "list", "[]")).rejects.toThrow("setting_value_is_an_object");
    await expect(insert(null, "Not a word", "{}")).rejects.toThrow("setting_key_is_a_word");
    await expect(insert(null, "big", JSON.stringify({ a: "x".repeat(300_000) }))).rejects.toThrow(
      "setting_value_is_bounded",
    );
  });

  test("a group without a default for every field does not come up", () => {
    const schema = z.object({ host: plain(z.string()) });
    const half: SettingsGroup = { key: "half", title: "Half", scope: "site", schema };
    expect(() => settingsGroup(half)).toThrow("no default");
  });
});

describe("settings in the memory of a process", () => {
  test("are read once, and again after a change, whoever made it", async () => {
    await clear();
    const following = await door.platform.follow();
    try {
      const first = await read();
      expect(await read()).toBe(first);
      expect(Object.isFrozen(first)).toBe(true);
      await setSite({ least: 33 });
      await expect.poll(async () => (await read()).least, { timeout: 2000 }).toBe(33);
      const owner = new pg.Client({ connectionString: door.url });
      await owner.connect();
      await owner.query(`update setting set value = '{"least": 44}'`);
      await owner.end();
      await expect.poll(async () => (await read()).least, { timeout: 2000 }).toBe(44);
    } finally {
      await following.stop();
    }
  });

  test("nothing is kept while changes are not heard of", async () => {
    await clear();
    const following = await door.platform.follow();
    await read();
    await following.stop();
    await setSite({ least: 21 });
    expect((await read()).least).toBe(21);
  });

  test("after a lost connection they are read again", async () => {
    await clear();
    const following = await door.platform.follow();
    try {
      expect((await read()).least).toBe(12);
      const owner = new pg.Client({ connectionString: door.url });
      await owner.connect();
      await owner.query("begin");
      await owner.query(`insert into setting (key, value) values ('rules', '{"least": 55}')`);
      await owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and datname = current_database()",
      );
      await pause(30);
      await owner.query("commit");
      await owner.end();
      await expect.poll(async () => (await read()).least, { timeout: 5000 }).toBe(55);
    } finally {
      await following.stop();
    }
  });

  test("a missed signal is made up for within a minute", async () => {
    await clear();
    const following = await door.platform.follow();
    try {
      await read();
      const owner = new pg.Client({ connectionString: door.url });
      await owner.connect();
      await owner.query("set session_replication_role = replica");
      await owner.query(`insert into setting (key, value) values ('rules', '{"least": 56}')`);
      await owner.end();
      await pause(200);
      expect((await read()).least).toBe(12);
      const real = performance.now.bind(performance);
      performance.now = () => real() + 50_001;
      try {
        expect((await read()).least).toBe(56);
      } finally {
        performance.now = real;
      }
    } finally {
      await following.stop();
    }
  });
});
