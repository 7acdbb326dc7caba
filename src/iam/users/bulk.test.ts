import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { bulkUsers, createGroup, createUser, deleteSiteUser, readUser, updateSiteUser, updateUser } from "../schema.ts";

type Person = Actor & { id: string; orgId: string };
let door: Door;
let admin: Person;
let site: Person;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("bulk-admin", { roles: ["administrator"] });
  site = await door.person("bulk-site", { roles: ["administrator", "system-administrator"] });
});
afterAll(() => door.close());

let count = 0;
const fresh = () => door.call(admin, createUser, { loginName: `bulk-${++count}`, name: "Bulk" });
const bulk = (actor: Actor, work: object) => door.call(actor, bulkUsers, { work: work as never });

describe("many users at once", () => {
  test("a bad row blocks no other, and each row has its audit event", async () => {
    const users = [
      { loginName: "new-1", name: "One" },
      { loginName: "two words", name: "Two" },
      { loginName: "new-3", name: "Three", email: "not a mail" },
      { loginName: "new#4", name: "Four" },
      { loginName: "new-1", name: "Again" },
      { loginName: "new-6", name: "Six", roles: ["ghost"] },
      { loginName: "new-7", name: "Seven" },
    ];
    const { done, failed, rows } = await bulk(admin, { do: "create", users });
    expect([done, failed]).toEqual([2, 5]);
    expect(rows.map(({ outcome }) => outcome)).toEqual(["ok", "failed", "failed", "failed", "failed", "failed", "ok"]);
    expect(rows[2]?.message).toContain("mail address");
    const outcomes = (await door.events("user.create")).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(["invalid", "invalid", "invalid", "invalid", "ok", "ok"]);
  });

  test("disables, enables, changes, puts into groups, gives roles and deletes", async () => {
    const made = [await fresh(), await fresh(), await fresh()];
    const ids = made.map(({ id }) => id);
    const group = await door.call(admin, createGroup, { name: "bulk group" });
    await bulk(admin, { do: "disable", ids });
    expect(await door.call(admin, readUser, { id: ids[0]! })).toMatchObject({
      active: false,
      disabledReason: "administrator",
    });
    await bulk(admin, { do: "enable", ids });
    await bulk(admin, { do: "update", ids, fields: { comment: "same", timeZone: "Asia/Shanghai" } });
    await bulk(admin, { do: "groups", ids, add: [group.id] });
    await bulk(admin, { do: "roles", ids, add: ["auditor"], take: ["user"] });
    expect(await door.call(admin, readUser, { id: ids[1]! })).toMatchObject({
      active: true,
      disabledReason: null,
      comment: "same",
      timeZone: "Asia/Shanghai",
      roles: ["auditor"],
      groups: [{ id: group.id }],
    });
    await bulk(admin, { do: "groups", ids, take: [group.id] });
    expect((await door.call(admin, readUser, { id: ids[1]! })).groups).toEqual([]);
    expect(await bulk(admin, { do: "delete", ids: [...ids, admin.id] })).toMatchObject({ done: 3, failed: 1 });
  });

  test("nobody gives, manages or ends in bulk what they could not alone", async () => {
    const permissions = ["user.bulk", "user.create", "user.update", "user.delete", "user.read"];
    await door.db.insertInto("role").values({ id: "bulk-clerk", name: "Clerk", permissions }).execute();
    const clerk = await door.person("bulk-clerk", { roles: ["bulk-clerk"] });
    const plain = await fresh();
    const group = await door.call(admin, createGroup, { name: "powerful" });
    const ids = [plain.id, admin.id, clerk.id];
    expect((await bulk(clerk, { do: "roles", ids, add: ["administrator"] })).done).toBe(0);
    expect((await bulk(clerk, { do: "groups", ids, add: [group.id] })).done).toBe(0);
    const ended = await bulk(clerk, { do: "disable", ids });
    expect(ended.rows.map(({ outcome }) => outcome)).toEqual(["ok", "failed", "failed"]);
    const made = await bulk(clerk, {
      do: "create",
      users: [{ loginName: "evil", name: "E", roles: ["administrator"] }],
    });
    expect(made.failed).toBe(1);
    const onlyBulk = await door.person("only-bulk");
    expect(
      await bulk({ ...onlyBulk, permissions: new Set(["user.bulk"]) }, { do: "delete", ids: [plain.id] }),
    ).toMatchObject({
      done: 0,
      failed: 1,
    });
  });

  test("a row of another organization reads as one that is not there, and tells no name", async () => {
    const stranger = await door.person("a-stranger", { orgId: await door.organization("Other bulk") });
    const { rows } = await bulk(admin, { do: "delete", ids: [stranger.id] });
    expect(rows).toEqual([
      { id: stranger.id, subject: stranger.id, outcome: "failed", message: expect.stringContaining("no such user") },
    ]);
  });
});

describe("the last administrator stays, by whatever path", () => {
  const lasting = async (orgId: string) =>
    (await sql<{ yes: boolean }>`select has_lasting_administrator(${orgId}) as yes`.execute(door.db)).rows[0]?.yes;

  test("two bulk calls against each other, an end date, and demotion leave one", async () => {
    const orgId = await door.organization("Bulk duel");
    for (const [round, work] of [
      { do: "disable" },
      { do: "delete" },
      { do: "roles", take: ["administrator"] },
      { do: "update", fields: { expiresAt: "2027-01-01T00:00:00Z" } },
    ].entries()) {
      const one = await door.person(`duel-one-${round}`, { orgId, roles: ["administrator"] });
      const two = await door.person(`duel-two-${round}`, { orgId, roles: ["administrator"] });
      // Only these two: earlier rounds' survivors get an end.
      await sql`update users u set active = false from membership m
        where m.user_id = u.id and m.org_id = ${orgId} and u.id not in (${one.id}, ${two.id})`.execute(door.db);
      await Promise.all([bulk(one, { ...work, ids: [two.id] }), bulk(two, { ...work, ids: [one.id] })]);
      expect(await lasting(orgId)).toBe(true);
    }
  });

  test("an administrator of two organizations is not ended here while alone there", async () => {
    const there = await door.organization("Alone there");
    const both = await door.person("both", { roles: ["administrator"] });
    await door.person("both", { orgId: there, id: both.id, roles: ["administrator"] });
    const { version } = await door.call(site, readUser, { id: both.id });
    expect(await door.codeOf(door.call(site, updateUser, { id: both.id, version, active: false }))).toBe("conflict");
    expect(await door.codeOf(door.call(site, updateSiteUser, { id: both.id, version, active: false }))).toBe(
      "conflict",
    );
    expect(await door.codeOf(door.call(site, deleteSiteUser, { id: both.id }))).toBe("conflict");
  });

  test("the last system administrator is neither disabled, given an end, nor deleted; SQL refuses it as well", async () => {
    const second = await door.person("second-site", { roles: ["system-administrator"] });
    const end = (by: Actor, id: string) => door.codeOf(door.call(by, deleteSiteUser, { id }));
    const codes = await Promise.all([end(site, second.id), end(second, site.id)]);
    expect(codes).toContain("ok");
    const [left] = (
      await sql<{
        user_id: string;
      }>`select user_id from system_role_binding where role_id = 'system-administrator'`.execute(door.db)
    ).rows;
    const system: Actor = { ...site, kind: "system", id: null };
    for (const change of [{ active: false }, { expiresAt: "2027-01-01T00:00:00Z" }]) {
      expect(await door.codeOf(door.call(system, updateSiteUser, { id: left!.user_id, version: 1, ...change }))).toBe(
        "conflict",
      );
    }
    expect(await end(system, left!.user_id)).toBe("conflict");
    for (const statement of [
      sql`update users set active = false where id = ${left!.user_id}`,
      sql`update users set expires_at = now() + interval '1 day' where id = ${left!.user_id}`,
      sql`delete from system_role_binding where user_id = ${left!.user_id}`,
      sql`delete from users where id = ${left!.user_id}`,
    ]) {
      await expect(statement.execute(door.db)).rejects.toMatchObject({ constraint: "site_keeps_an_administrator" });
    }
  });

  test("SQL refuses to take the last administrator of an organization away, and lets the organization go", async () => {
    const orgId = await door.organization("Kept in SQL");
    const only = await door.person("sql-only", { orgId, roles: ["administrator"] });
    for (const statement of [
      sql`update users set active = false where id = ${only.id}`,
      sql`delete from role_binding where user_id = ${only.id}`,
      sql`delete from membership where user_id = ${only.id}`,
      sql`delete from users where id = ${only.id}`,
    ]) {
      await expect(statement.execute(door.db)).rejects.toMatchObject({
        constraint: "organization_keeps_an_administrator",
      });
    }
  });
});
