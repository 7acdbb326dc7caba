import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import {
  createRole,
  createSiteRole,
  deleteRole,
  deleteSiteRole,
  listPermissions,
  listRoles,
  listSystemRoleHolders,
  readMyPermissions,
  readRole,
  readUserPermissions,
  setSystemRoles,
  updateRole,
  updateSiteRole,
  updateUser,
} from "../schema.ts";

let door: Door;
let root: Actor & { id: string };
let admin: Actor & { id: string };
let other: Actor & { id: string };

const confirmed = <A extends Actor>(actor: A): A => ({
  ...actor,
  proved: { signIn: new Date(), password: new Date(), secondFactor: null },
});

beforeAll(async () => {
  door = await openDoor();
  root = confirmed(await door.person("root", { roles: ["system-administrator"] }));
  admin = confirmed(await door.person("admin", { roles: ["administrator"] }));
  const orgId = await door.organization("Second");
  other = confirmed(await door.person("other", { orgId, roles: ["administrator"] }));
});
afterAll(() => door.close());

const clerk = (name: string, permissions: string[] = ["user.list", "user.read"]) =>
  door.call(admin, createRole, { name, permissions });
const codeOf = (work: Promise<unknown>) => door.codeOf(work);

describe("roles that an organization makes", () => {
  test("are made, read, changed and deleted, and each act is written down", async () => {
    const made = await clerk("Clerk");
    expect(made).toMatchObject({ name: "Clerk", scope: "organization", own: true, builtIn: false, version: 1 });
    const after = await door.call(admin, updateRole, {
      id: made.id,
      version: 1,
      permissions: ["user.list"],
      secondFactor: "forced",
    });
    expect(after).toMatchObject({ permissions: ["user.list"], secondFactor: "forced", version: 2 });
    expect(await door.call(admin, readRole, { id: made.id })).toMatchObject({ holders: 0 });
    await door.call(admin, deleteRole, { id: made.id });
    expect(await codeOf(door.call(admin, readRole, { id: made.id }))).toBe("not_found");
    expect((await door.events("role.update")).at(-1)).toMatchObject({
      target_id: made.id,
      fields: { before: { permissions: ["user.list", "user.read"] }, after: { permissions: ["user.list"] } },
    });
  });

  test("another organization neither sees, binds nor changes them", async () => {
    const made = await clerk("Hidden");
    const seen = await door.call(other, listRoles, { limit: 200 });
    expect(seen.items.map(({ id }) => id)).not.toContain(made.id);
    expect(await codeOf(door.call(other, readRole, { id: made.id }))).toBe("not_found");
    expect(await codeOf(door.call(other, updateRole, { id: made.id, version: 1, name: "Stolen" }))).toBe("not_found");
    expect(await codeOf(door.call(other, deleteRole, { id: made.id }))).toBe("not_found");
    const theirs = await door.person("theirs", { orgId: other.orgId!, roles: [] });
    expect(await codeOf(door.call(other, updateUser, { id: theirs.id, version: 1, roles: [made.id] }))).toBe("invalid");
    await expect(
      sql`insert into role_binding (org_id, user_id, role_id) values (${other.orgId}, ${theirs.id}, ${made.id})`.execute(
        door.db,
      ),
    ).rejects.toMatchObject({ constraint: "binding_is_of_a_role_of_the_organization" });
  });

  test("hold nothing that their maker lacks, nothing of the site, and nothing unknown", async () => {
    const half = await door.person("half", {
      roles: [(await clerk("Half", ["role.create", "role.update", "role.list", "user.list"])).id],
    });
    const make = (permissions: string[]) =>
      codeOf(door.call(half, createRole, { name: `x-${permissions[0]}`, permissions }));
    expect(await make(["user.list"])).toBe("ok");
    expect(await make(["user.password"])).toBe("denied");
    expect(await codeOf(clerk("Site", ["settings.update"]))).toBe("invalid");
    expect(await codeOf(clerk("Nothing", ["user.fly"]))).toBe("invalid");
    const mine = (await door.call(half, listRoles, { search: "x-user.list" })).items[0]!;
    const grown = door.call(half, updateRole, { id: mine.id, version: 1, permissions: ["user.list", "user.password"] });
    expect(await codeOf(grown)).toBe("denied");
  });

  test("are not changed by somebody who lacks what they hold", async () => {
    const strong = await clerk("Strong", ["user.list", "user.password"]);
    const weak = await door.person("weak", {
      roles: [(await clerk("Weak", ["role.update", "role.delete", "user.list"])).id],
    });
    expect(await codeOf(door.call(weak, updateRole, { id: strong.id, version: 1, permissions: [] }))).toBe("denied");
    expect(await codeOf(door.call(weak, deleteRole, { id: strong.id }))).toBe("denied");
  });

  test("two who change the same role: the second sees what changed and loses nothing", async () => {
    const made = await clerk("Contended");
    await door.call(admin, updateRole, { id: made.id, version: 1, name: "First" });
    await expect(door.call(admin, updateRole, { id: made.id, version: 1, name: "Second" })).rejects.toMatchObject({
      code: "conflict",
      details: { current: { name: "First", version: 2 } },
    });
  });

  test("a role that somebody holds is not deleted; built-in ones never, and names are not given twice", async () => {
    const held = await clerk("Held");
    await door.person("holder", { roles: [held.id] });
    await expect(door.call(admin, deleteRole, { id: held.id })).rejects.toMatchObject({
      code: "conflict",
      details: { holders: 1 },
    });
    expect(await codeOf(door.call(admin, updateRole, { id: "auditor", version: 1, permissions: [] }))).toBe("denied");
    expect(await codeOf(door.call(root, deleteSiteRole, { id: "auditor" }))).toBe("denied");
    expect(await codeOf(clerk("held"))).toBe("conflict");
  });
});

describe("roles of the site", () => {
  test("are for system administrators alone, and organizations may bind but not change them", async () => {
    const input = { name: "Operator", scope: "organization" as const, permissions: ["user.list"] };
    expect(await codeOf(door.call(admin, createSiteRole, input))).toBe("denied");
    const made = await door.call(root, createSiteRole, input);
    expect(await codeOf(door.call(admin, updateRole, { id: made.id, version: 1, name: "Mine" }))).toBe("denied");
    const theirs = await door.person("operator", { orgId: other.orgId!, roles: [] });
    await door.call(other, updateUser, { id: theirs.id, version: 1, roles: [made.id] });
    expect(await door.call(root, updateSiteRole, { id: made.id, version: 1, name: "Operators" })).toMatchObject({
      version: 2,
    });
    expect((await door.events("site-role.create")).at(-1)).toMatchObject({ target_id: made.id });
  });

  test("of the system are bound by who holds them, never by oneself, and the last administrator stays", async () => {
    const helper = await door.person("helper");
    await door.call(root, setSystemRoles, { id: helper.id, roles: ["system-auditor"] });
    expect((await door.call(root, listSystemRoleHolders, { roleId: "system-auditor" })).items).toMatchObject([
      { id: helper.id },
    ]);
    expect(await codeOf(door.call(root, setSystemRoles, { id: root.id, roles: [] }))).toBe("denied");
    expect(await codeOf(door.call(root, setSystemRoles, { id: helper.id, roles: ["administrator"] }))).toBe("invalid");
    const second = confirmed(await door.person("second-root", { roles: ["system-administrator"] }));
    await door.call(second, setSystemRoles, { id: root.id, roles: ["system-auditor"] });
    expect(
      await codeOf(
        door.call(confirmed(await door.person("third", { roles: ["system-administrator"] })), setSystemRoles, {
          id: second.id,
          roles: [],
        }),
      ),
    ).toBe("ok");
    await sql`insert into system_role_binding (user_id, role_id) values (${root.id}, 'system-administrator')`.execute(
      door.db,
    );
  });

  test("hold and give only what their maker holds over the whole site, not in one organization", async () => {
    const keeper = await door.call(root, createSiteRole, {
      name: "Keeper",
      scope: "system",
      permissions: ["site-role.create", "site-role.update", "site-role.bind", "role.list"],
    });
    const here = await door.person("keeper", { roles: ["administrator"] });
    await door.db.insertInto("system_role_binding").values({ user_id: here.id, role_id: keeper.id }).execute();
    const permissions = new Set([...here.permissions, ...keeper.permissions]);
    const person = confirmed({ ...here, permissions });
    expect(person.permissions.has("user.password")).toBe(true);
    const grown = { id: keeper.id, version: 1, permissions: [...keeper.permissions, "user.password"] };
    expect(await codeOf(door.call(person, updateSiteRole, grown))).toBe("denied");
    for (const scope of ["system", "organization"] as const) {
      const role = { name: `Grown ${scope}`, scope, permissions: ["user.password"] };
      expect(await codeOf(door.call(person, createSiteRole, role))).toBe("denied");
    }
    const strong = await door.call(root, createSiteRole, {
      name: "Strong of all",
      scope: "system",
      permissions: ["user.password"],
    });
    const friend = await door.person("friend");
    expect(await codeOf(door.call(person, setSystemRoles, { id: friend.id, roles: [strong.id] }))).toBe("denied");
  });

  test("nobody frees themselves of the second factor that their role asks for", async () => {
    const role = await door.call(admin, createRole, {
      name: "Strict",
      permissions: ["role.update", "role.list"],
      secondFactor: "forced",
    });
    const person = await door.person("strict", { roles: [role.id] });
    const eased = { id: role.id, version: 1, secondFactor: null };
    expect(await codeOf(door.call(person, updateRole, eased))).toBe("denied");
    expect(await codeOf(door.call(admin, updateRole, eased))).toBe("ok");
  });

  test("binding them asks for the password afresh", async () => {
    const stale = {
      ...root,
      proved: { signIn: new Date(), password: new Date(Date.now() - 16 * 60_000), secondFactor: null },
    };
    expect(await codeOf(door.call(stale, setSystemRoles, { id: admin.id, roles: [] }))).toBe("unconfirmed");
  });
});

describe("effective permissions", () => {
  test("say which role gives each, in this organization only", async () => {
    const role = await clerk("Shown", ["user.list"]);
    const person = await door.person("shown", { roles: [role.id, "auditor"] });
    const held = await door.call(admin, readUserPermissions, { id: person.id });
    expect(held.roles.map(({ id }) => id).sort()).toEqual(["auditor", role.id].sort());
    expect(held.permissions.find(({ name }) => name === "user.list")?.from.toSorted()).toEqual(
      ["auditor", role.id].sort(),
    );
    expect(held.permissions.find(({ name }) => name === "user.create")).toBeUndefined();
    expect(await codeOf(door.call(other, readUserPermissions, { id: person.id }))).toBe("not_found");
    expect(await door.call(person, readMyPermissions, {})).toEqual(held);
  });

  test("what is shown is what run() grants", async () => {
    const all = (await door.call(admin, listPermissions, {})).items;
    expect(all.find(({ name }) => name === "settings.update")).toMatchObject({ scope: "system", reads: false });
    const held = await door.call(admin, readUserPermissions, { id: admin.id });
    expect(held.permissions.map(({ name }) => name).sort()).toEqual([...admin.permissions].sort());
  });

  test("a permission taken from a role is gone at once for whoever stays by it", async () => {
    const role = await clerk("Watcher", ["group.list", "user.list"]);
    const person = await door.person("watcher", { roles: [role.id] });
    const presence = {
      userId: person.id,
      orgId: person.orgId,
      since: new Date(),
      signInId: null,
      fingerprint: null,
      byPassword: false,
      permission: "user.list",
    };
    const mayStay = () => door.iam.stillPresent([presence]);
    expect(await mayStay()).toEqual([true]);
    await door.call(admin, updateRole, { id: role.id, version: 1, permissions: ["role.list"] });
    expect(await mayStay()).toEqual([false]);
  });
});
