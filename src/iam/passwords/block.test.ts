import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, guest, openDoor } from "../../../test/security/door.ts";
import { withPassword } from "../../../test/security/way-in.ts";
import type { Actor, Fault } from "../../core/index.ts";
import { updateSettings } from "../../platform/schema.ts";
import { liftSignInBlock, liftSiteSignInBlock, listSignInBlocks, listSiteSignInBlocks, signIn } from "../schema.ts";

let door: Door;
let site: Actor & { id: string };
let here: Actor & { id: string };
let there: Actor & { id: string };
const right = "correct horse battery";

beforeAll(async () => {
  door = await openDoor({ max: 20 });
  site = await door.person("site-admin", { roles: ["administrator", "system-administrator"] });
  here = await door.person("here-admin", { roles: ["administrator"] });
  const orgId = await door.organization("There");
  there = await door.person("there-admin", { roles: ["administrator"], orgId });
  const bea = await door.person("bea");
  const tom = await door.person("tom", { orgId });
  await withPassword(door, site.id, bea.id, tom.id);
});
afterAll(() => door.close());

const attempt = (loginName: string, address: string, password = "wrong") =>
  door.codeOf(door.call(guest(address), signIn, { loginName, password }));
async function block(loginName: string, address: string): Promise<void> {
  await sql`insert into sign_in_brake (login_name, address, failures, last_failure_at, blocked_until)
    values (${loginName}, ${address}, 9, now(), now() + interval '5 minutes')
    on conflict (login_name, address) do update set blocked_until = excluded.blocked_until`.execute(door.db);
}

describe("blocks", () => {
  test("are listed with who, where from and until when, and lifted, by those who administer the person", async () => {
    await block("bea", "10.3.0.1");
    await block("tom/second-factor", "10.3.0.2");
    await block("nobody-known", "10.3.0.3");
    await block("", "10.3.0.4");
    expect(await attempt("bea", "10.3.0.1", right)).toBe("too_many");

    const mine = (await door.call(here, listSignInBlocks, {})).items;
    expect(mine).toMatchObject([{ kind: "password", loginName: "bea", user: { name: "bea" }, address: "10.3.0.1" }]);
    expect(Math.round((Date.parse(mine[0]!.until) - Date.now()) / 60_000)).toBe(5);
    const theirs = (await door.call(there, listSignInBlocks, {})).items;
    expect(theirs).toMatchObject([{ kind: "second-factor", loginName: "tom", address: "10.3.0.2" }]);
    const all = (await door.call(site, listSiteSignInBlocks, {})).items;
    expect(all.map(({ kind, loginName }) => [kind, loginName])).toEqual([
      ["address", null],
      ["password", "nobody-known"],
      ["second-factor", "tom"],
      ["password", "bea"],
    ]);
    expect((await door.call(site, listSiteSignInBlocks, { search: "10.3.0.4" })).items).toHaveLength(1);

    const { id } = mine[0]!;
    expect(await door.codeOf(door.call(there, liftSignInBlock, { id }))).toBe("not_found");
    expect(await door.codeOf(door.call(here, liftSiteSignInBlock, { id: all[0]!.id }))).toBe("denied");
    await door.call(here, liftSignInBlock, { id });
    expect(await attempt("bea", "10.3.0.1", right)).toBe("ok");
    await door.call(site, liftSiteSignInBlock, { id: all[0]!.id });
    expect((await door.events("sign-in-block.lift")).at(-1)).toMatchObject({ outcome: "ok", fields: {} });
  });

  test("of somebody who holds more are not lifted by who holds less", async () => {
    await block("site-admin", "10.3.1.1");
    const found = (await door.call(here, listSignInBlocks, { search: "site-admin" })).items;
    expect(await door.codeOf(door.call(here, liftSignInBlock, { id: found[0]!.id }))).toBe("denied");
  });

  test("that are over are not listed", async () => {
    await sql`update sign_in_brake set blocked_until = now() - interval '1 second'`.execute(door.db);
    expect((await door.call(site, listSiteSignInBlocks, {})).items).toEqual([]);
  });
});

describe("networks", () => {
  let version = 0;
  async function set(values: { deny?: string[]; allow?: string[] }): Promise<void> {
    ({ version } = await door.call(site, updateSettings, { key: "sign-in-networks", version, values }));
  }

  test("a denied one is refused before the password is looked at, whoever knows it, over SSH too; others are not", async () => {
    await set({ deny: ["10.66.0.0/16", "2001:db8:66::/48"] });
    for (const address of ["10.66.1.2", "2001:db8:66:1::9", "::ffff:10.66.1.2"]) {
      const started = performance.now();
      expect(await attempt("bea", address, right)).toBe("denied");
      expect(performance.now() - started).toBeLessThan(10_000);
    }
    const way = door.iam.sshWayIn("10.66.1.2");
    const fault = (await way.withPassword({ loginName: "bea", password: right }).catch((error) => error)) as Fault;
    expect([fault.code, fault.message]).toEqual(["denied", expect.stringContaining("network")]);
    const { rows } = await sql`select from sign_in_brake where address like '10.66.%'`.execute(door.db);
    expect(rows).toEqual([]);
    expect(await attempt("bea", "10.67.1.2", right)).toBe("ok");
  });

  test("a key, and whatever else proves somebody, does not get by the list", async () => {
    const { id } = await door.db
      .selectFrom("users")
      .select("id")
      .where("login_name", "=", "bea")
      .executeTakeFirstOrThrow();
    await sql`insert into ssh_key (id, user_id, name, public_key, fingerprint)
      values (gen_random_uuid(), ${id}, 'k', 'x', 'SHA256:bea')`.execute(door.db);
    const withKey = (address: string) =>
      door.codeOf(door.iam.sshWayIn(address).withKey({ loginName: "bea", fingerprint: "SHA256:bea" }));
    expect([await withKey("10.66.1.2"), await withKey("10.67.1.2")]).toEqual(["denied", "ok"]);
  });

  test("this machine is never denied, and a network that is no network is refused", async () => {
    await set({ deny: ["0.0.0.0/0", "::/0"], allow: ["10.5.0.0/16"] });
    expect([await attempt("bea", "127.0.0.1", right), await attempt("bea", "10.5.0.1", right)]).toEqual([
      "ok",
      "denied",
    ]);
    expect(await door.codeOf(set({ deny: ["10.0.0.0/99"] }))).toBe("invalid");
    await set({ deny: [] });
  });

  test("an allowed one does not wait as a whole, yet each name there does", async () => {
    await block("", "10.5.0.2");
    await block("", "10.6.0.2");
    expect([await attempt("bea", "10.5.0.2", right), await attempt("tom", "10.6.0.2", right)]).toEqual([
      "ok",
      "too_many",
    ]);
    const codes: string[] = [];
    for (let tries = 0; tries < 12; tries++) codes.push(await attempt("tom", "10.5.0.3"));
    expect(codes).toContain("too_many");
  });
});
