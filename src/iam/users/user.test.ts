import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import {
  addUserSshKey,
  createUser,
  deleteUser,
  listRoles,
  listUsers,
  readUser,
  removeUserSshKey,
  setUserPassword,
  updateUser,
} from "../schema.ts";

let door: Door;
let admin: Actor & { id: string };
const password = "correct horse battery";

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
});
afterAll(() => door.close());

let names = 0;
const create = (changes: object = {}) => {
  const loginName = `user-${++names}`;
  return door.call(admin, createUser, { loginName, name: loginName, ...changes });
};

describe("users", () => {
  test("are created, read, listed, changed and deleted, and never show a password", async () => {
    const made = await create({ email: "u@example.org", comment: "new", password });
    expect(made).toMatchObject({
      email: "u@example.org",
      roles: ["user"],
      hasPassword: true,
      active: true,
      version: 1,
      groups: [],
    });
    expect(await door.call(admin, readUser, { id: made.id })).toEqual(made);
    const changed = await door.call(admin, updateUser, { id: made.id, version: 1, name: "New Name", email: null });
    expect(changed).toMatchObject({ name: "New Name", email: null, comment: "new", version: 2 });
    const listed = await door.call(admin, listUsers, { search: "new name" });
    expect(listed.items).toEqual([changed]);
    expect(JSON.stringify(listed)).not.toContain("argon2");
    await door.call(admin, deleteUser, { id: made.id });
    expect(await door.codeOf(door.call(admin, readUser, { id: made.id }))).toBe("not_found");
    expect((await sql`select 1 from users where id = ${made.id}`.execute(door.db)).rows).toEqual([]);
  });

  test("each change is in the audit trail with before and after", async () => {
    const made = await create();
    await door.call(admin, updateUser, { id: made.id, version: 1, comment: "changed" });
    const [event] = (await door.events("user.update")).filter(({ target_id }) => target_id === made.id);
    expect(event).toMatchObject({
      outcome: "ok",
      actor_id: admin.id,
      target_kind: "user",
      fields: {
        input: { comment: "changed" },
        before: { comment: "", version: 1 },
        after: { comment: "changed", version: 2 },
      },
    });
  });

  test("a change that was based on an older version is refused, with the row as it is now", async () => {
    const { id } = await create();
    await door.call(admin, updateUser, { id, version: 1, name: "First" });
    const late = door.call(admin, updateUser, { id, version: 1, name: "Second" });
    await expect(late).rejects.toMatchObject({ code: "conflict", details: { current: { name: "First", version: 2 } } });
    const both = await Promise.all(
      ["A", "B"].map((name) => door.codeOf(door.call(admin, updateUser, { id, version: 2, name }))),
    );
    expect(both.toSorted()).toEqual(["conflict", "ok"]);
  });

  test("login names are unique, whatever the case of letters", async () => {
    const { loginName } = await create();
    expect(await door.codeOf(door.call(admin, createUser, { loginName: loginName.toUpperCase(), name: "x" }))).toBe(
      "conflict",
    );
  });

  test("lists are paged without gaps or repetitions, and filtered", async () => {
    for (let index = 0; index < 7; index++) await create({ name: index % 2 ? "Same Name" : `Page ${index}` });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: { items: { id: string }[]; next: string | null } = await door.call(admin, listUsers, {
        limit: 3,
        ...(cursor && { cursor }),
      });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor);
    const { rows } = await sql<{
      count: number;
    }>`select count(*)::int as count from membership where org_id = ${DEFAULT_ORGANIZATION}`.execute(door.db);
    expect([seen.length, new Set(seen).size]).toEqual([rows[0]?.count, rows[0]?.count]);
    expect((await door.call(admin, listUsers, { roleId: "administrator" })).items.map(({ id }) => id)).toEqual([
      admin.id,
    ]);
    expect((await door.call(admin, listUsers, { search: "%" })).items).toEqual([]);
    expect(await door.codeOf(door.call(admin, listUsers, { cursor: "broken" }))).toBe("invalid");
  });

  test("a role that is not there is refused", async () => {
    expect(await door.codeOf(create({ roles: ["ghost"] }))).toBe("invalid");
  });
});

describe("nobody manages or gives what they do not hold", () => {
  let auditor: Actor & { id: string };
  /** Holds what is needed to manage users, and nothing else. */
  let clerk: Actor & { id: string };

  beforeAll(async () => {
    auditor = await door.person("the-auditor", { roles: ["auditor"] });
    const permissions = [
      "user.create",
      "user.update",
      "user.delete",
      "user.password",
      "user.ssh-key.add",
      "user.ssh-key.remove",
      "user.read",
      "user.list",
    ];
    await door.db
      .insertInto("role")
      .values({ id: "clerk", name: "Clerk", description: "", permissions, built_in: false })
      .execute();
    clerk = await door.person("the-clerk", { roles: ["clerk"] });
  });

  test("an auditor changes nothing", async () => {
    const { id } = await create();
    expect(await door.codeOf(door.call(auditor, updateUser, { id, version: 1, name: "x" }))).toBe("denied");
    expect(await door.codeOf(door.call(auditor, readUser, { id }))).toBe("ok");
    const { items } = await door.call(admin, listRoles, {});
    const held = items.find(({ id: role }) => role === "auditor")?.permissions ?? [];
    expect(held.filter((name) => !/(list|read|status|open|export|watch)$/.test(name))).toEqual([]);
  });

  test("a clerk gives no role that holds more than the clerk's", async () => {
    const as = (roles: string[]) =>
      door.codeOf(door.call(clerk, createUser, { loginName: `made-${++names}`, name: "x", roles }));
    expect([
      await as(["user"]),
      await as(["clerk"]),
      await as(["auditor"]),
      await as(["administrator"]),
      await as(["clerk", "administrator"]),
    ]).toEqual(["ok", "ok", "denied", "denied", "denied"]);
    const user = await create();
    expect(await door.codeOf(door.call(clerk, updateUser, { id: user.id, version: 1, roles: ["administrator"] }))).toBe(
      "denied",
    );
    expect((await door.call(admin, readUser, { id: user.id })).roles).toEqual(["user"]);
  });

  const attempts = (actor: Actor, id: string): Promise<string>[] => [
    door.codeOf(door.call(actor, updateUser, { id, version: 1, name: "x" })),
    door.codeOf(door.call(actor, updateUser, { id, version: 1, active: false })),
    door.codeOf(door.call(actor, updateUser, { id, version: 1, roles: [] })),
    door.codeOf(door.call(actor, setUserPassword, { id, password })),
    door.codeOf(door.call(actor, addUserSshKey, { id, name: "k", publicKey: "ssh-ed25519 AAAA" })),
    door.codeOf(door.call(actor, removeUserSshKey, { id, keyId: id })),
    door.codeOf(door.call(actor, deleteUser, { id })),
  ];

  test("a clerk touches neither administrator nor auditor, in no way", async () => {
    for (const { id } of [admin, auditor])
      expect(await Promise.all(attempts(clerk, id))).toEqual(Array(7).fill("denied"));
  });

  test("an administrator does not manage a user who administers another organization, too", async () => {
    const elsewhere = await door.organization("Elsewhere");
    const { id } = await create();
    await door.person("x", { orgId: elsewhere, id, roles: ["administrator"] });
    await door.person("y", { orgId: elsewhere, roles: ["administrator"] });
    expect(await Promise.all(attempts(admin, id))).toEqual(Array(7).fill("denied"));
    await sql`delete from role_binding where user_id = ${id} and org_id = ${elsewhere}`.execute(door.db);
    await sql`insert into role_binding (org_id, user_id, role_id) values (${elsewhere}, ${id}, 'user')`.execute(
      door.db,
    );
    expect(await door.codeOf(door.call(admin, updateUser, { id, version: 1, roles: ["auditor"] }))).toBe("ok");
  });

  test("an administrator does not take over a member of another organization by password, key or disabling", async () => {
    const elsewhere = await door.organization("Neighbour");
    const { id } = await create();
    await door.person("x", { orgId: elsewhere, id });
    const codes = [
      door.call(admin, updateUser, { id, version: 1, active: false }),
      door.call(admin, updateUser, { id, version: 1, email: "mine@example.org" }),
      door.call(admin, setUserPassword, { id, password }),
      door.call(admin, addUserSshKey, { id, name: "k", publicKey: "ssh-ed25519 AAAA" }),
      door.call(admin, removeUserSshKey, { id, keyId: id }),
    ].map(door.codeOf);
    expect(await Promise.all(codes)).toEqual(Array(5).fill("denied"));
    await door.db.insertInto("membership").values({ org_id: elsewhere, user_id: admin.id }).execute();
    await door.db
      .insertInto("role_binding")
      .values({ org_id: elsewhere, user_id: admin.id, role_id: "clerk" })
      .execute();
    expect(await door.codeOf(door.call(admin, setUserPassword, { id, password }))).toBe("ok");
  });

  test("deleting a member of two organizations takes the membership, not the person", async () => {
    const elsewhere = await door.organization("Second home");
    const { id } = await create();
    await door.person("x", { orgId: elsewhere, id });
    await door.call(admin, deleteUser, { id });
    const { rows } = await sql<{ org_id: string }>`select org_id from membership where user_id = ${id}`.execute(
      door.db,
    );
    expect(rows).toEqual([{ org_id: elsewhere }]);
    expect((await sql`select 1 from users where id = ${id}`.execute(door.db)).rows).toHaveLength(1);
  });

  test("nobody sets their own password as an administrator would: theirs is changed with the current one", async () => {
    await expect(door.call(admin, setUserPassword, { id: admin.id, password })).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining("on your own page"),
    });
  });

  test("a password is set only by who has just proved who they are, and never with an API key", async () => {
    const { id } = await create();
    const anHourAgo = new Date(Date.now() - 3_600_000);
    const idle = { ...admin, proved: { signIn: anHourAgo, password: anHourAgo, secondFactor: null } };
    const { proved: _, ...key } = { ...admin, via: "api" as const, scopes: new Set(["user.password"]) };
    for (const actor of [idle, key])
      expect(await door.codeOf(door.call(actor, setUserPassword, { id, password }))).toBe("unconfirmed");
  });

  test("nobody disables, demotes or deletes oneself", async () => {
    const { version } = await door.call(admin, readUser, { id: admin.id });
    expect(await door.codeOf(door.call(admin, updateUser, { id: admin.id, version, active: false }))).toBe("denied");
    expect(
      await door.codeOf(door.call(admin, updateUser, { id: admin.id, version, roles: ["administrator", "auditor"] })),
    ).toBe("denied");
    expect(await door.codeOf(door.call(admin, deleteUser, { id: admin.id }))).toBe("denied");
    expect(
      await door.codeOf(door.call(clerk, updateUser, { id: clerk.id, version: 1, roles: ["administrator"] })),
    ).toBe("denied");
    expect(await door.codeOf(door.call(admin, updateUser, { id: admin.id, version, comment: "me" }))).toBe("ok");
  });
});

describe("the last administrator stays", () => {
  test("of two who demote, disable or delete each other at the same moment, one remains", async () => {
    const orgId = await door.organization("Duel");
    const fights = [
      (by: Actor, id: string, version: number) => door.call(by, updateUser, { id, version, roles: [] }),
      (by: Actor, id: string, version: number) => door.call(by, updateUser, { id, version, active: false }),
      (by: Actor, id: string) => door.call(by, deleteUser, { id }),
    ];
    for (const [round, fight] of fights.entries()) {
      const one = await door.person(`one-${round}`, { orgId, roles: ["administrator"] });
      const two = await door.person(`two-${round}`, { orgId, roles: ["administrator"] });
      const codes = await Promise.all([door.codeOf(fight(one, two.id, 1)), door.codeOf(fight(two, one.id, 1))]);
      expect(codes).toContain("ok");
      const { rows } = await sql<{
        count: number;
      }>`select count(*)::int as count from role_binding b join users u on u.id = b.user_id and u.active
        where b.org_id = ${orgId} and b.role_id = 'administrator'`.execute(door.db);
      expect(rows[0]?.count).toBeGreaterThanOrEqual(1);
      await sql`update users set active = false where id in (select user_id from membership where org_id = ${orgId})`
        .execute(door.db)
        .catch(() => {});
    }
  });

  test("the only one is not demoted, disabled or deleted by somebody who may", async () => {
    const orgId = await door.organization("Single");
    const only = await door.person("only", { orgId, roles: ["administrator"] });
    const system: Actor = { ...only, kind: "system", id: null };
    expect(await door.codeOf(door.call(system, updateUser, { id: only.id, version: 1, roles: ["user"] }))).toBe(
      "conflict",
    );
    expect(await door.codeOf(door.call(system, updateUser, { id: only.id, version: 1, active: false }))).toBe(
      "conflict",
    );
    expect(await door.codeOf(door.call(system, deleteUser, { id: only.id }))).toBe("conflict");
    const dormant = await door.person("dormant", { orgId, roles: ["administrator"] });
    await sql`update users set active = false where id = ${dormant.id}`.execute(door.db);
    expect(await door.codeOf(door.call(system, deleteUser, { id: only.id }))).toBe("conflict");
  });
});
