import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { openConsoleSession } from "../login/console-session.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import {
  addMember,
  createGroup,
  createOrganizationEndpoint,
  createUser,
  deleteOrganization,
  listMembers,
  listMyOrganizations,
  listOrganizations,
  listSiteUsers,
  readMe,
  readUser,
  removeMember,
  switchOrganization,
  updateOrganization,
} from "../schema.ts";

type Person = Actor & { id: string; orgId: string };
let door: Door;
let site: Person;
let admin: Person;

beforeAll(async () => {
  door = await openDoor();
  site = await door.person("site-admin", { roles: ["administrator", "system-administrator"] });
  admin = await door.person("org-admin", { roles: ["administrator"] });
});
afterAll(() => door.close());

/** The person with a console session, as the request of its cookie. */
async function signedIn(person: Person, proofs = ["password"]): Promise<{ actor: Actor; token: string }> {
  const opened = await openConsoleSession(door.db, {
    userId: person.id,
    orgId: person.orgId,
    address: "10.0.0.1",
    agent: null,
    now: new Date(),
    proofs,
    backendId: null,
    limits: { idleMinutes: 60, longestHours: 24 },
    typedPassword: true,
  });
  return { actor: await asRequest(opened.token), token: opened.token };
}
const asRequest = (token: string): Promise<Actor> => door.iam.identify({ token, address: "10.0.0.1", via: "console" });

describe("organizations", () => {
  test("are created, renamed with versions, listed and deleted by system administrators alone", async () => {
    const made = await door.call(site, createOrganizationEndpoint, { name: "Branch", comment: "west" });
    expect(made).toMatchObject({ name: "Branch", members: 0, assets: 0, version: 1 });
    expect(await door.codeOf(door.call(site, createOrganizationEndpoint, { name: "Branch" }))).toBe("conflict");
    await door.call(site, updateOrganization, { id: made.id, version: 1, name: "Branch West" });
    expect(await door.codeOf(door.call(site, updateOrganization, { id: made.id, version: 1, name: "x" }))).toBe(
      "conflict",
    );
    expect((await door.call(site, listOrganizations, { search: "west" })).items.map(({ id }) => id)).toEqual([made.id]);
    const codes = [
      door.call(admin, listOrganizations, {}),
      door.call(admin, createOrganizationEndpoint, { name: "Mine" }),
      door.call(admin, deleteOrganization, { id: made.id }),
      door.call(admin, listSiteUsers, {}),
    ].map(door.codeOf);
    expect(await Promise.all(codes)).toEqual(Array(4).fill("denied"));
    await door.call(site, deleteOrganization, { id: made.id });
    const [event] = await door.events("organization.delete");
    expect(event).toMatchObject({ outcome: "denied" });
  });

  test("deleting says what stands in the way and how many, until nothing does", async () => {
    const { id } = await door.call(site, createOrganizationEndpoint, { name: "Full" });
    const there: Actor = { ...site, orgId: id };
    const group = await door.call(there, createGroup, { name: "g" });
    await sql`insert into asset (id, org_id, name, host) values (gen_random_uuid(), ${id}, 'a', '10.0.0.1')`.execute(
      door.db,
    );
    await door.person("homeless", { orgId: id });
    const refused = door.call(site, deleteOrganization, { id });
    await expect(refused).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/1 assets.*1 groups.*1 people who belong to no other organization/),
    });
    await sql`delete from asset where org_id = ${id}`.execute(door.db);
    await sql`delete from user_group where id = ${group.id}`.execute(door.db);
    await sql`delete from users where login_name = 'homeless'`.execute(door.db);
    const guestHere = await door.person("guest-here", { orgId: id, id: admin.id });
    const { token } = await signedIn({ ...guestHere, orgId: id });
    await door.call(site, deleteOrganization, { id });
    expect((await asRequest(token)).kind).toBe("anonymous");
    expect((await sql`select 1 from node where org_id = ${id}`.execute(door.db)).rows).toEqual([]);
  });

  test("the first one and the one that one is in stay", async () => {
    expect(await door.codeOf(door.call(site, deleteOrganization, { id: DEFAULT_ORGANIZATION }))).toBe("conflict");
    const id = await door.organization("Standing in it");
    expect(await door.codeOf(door.call({ ...site, orgId: id }, deleteOrganization, { id }))).toBe("conflict");
  });
});

describe("members", () => {
  test("a person of another organization is added by the whole name or address, and taken out again", async () => {
    const elsewhere = await door.organization("Elsewhere");
    const guest = await door.person("guest", { orgId: elsewhere });
    await sql`update users set email = 'guest@example.org' where id = ${guest.id}`.execute(door.db);
    for (const person of ["gues", "%", "gu_st", "nobody"])
      expect(await door.codeOf(door.call(admin, addMember, { person }))).toBe("not_found");
    await door.call(site, addMember, { person: "Guest@Example.org", roles: ["auditor"] });
    expect((await door.call(admin, readUser, { id: guest.id })).roles).toEqual(["auditor"]);
    expect(await door.codeOf(door.call(site, addMember, { person: "guest" }))).toBe("conflict");
    expect((await door.call(site, listMembers, { id: DEFAULT_ORGANIZATION, search: "guest" })).items).toHaveLength(1);

    const here = await signedIn({ ...guest, orgId: DEFAULT_ORGANIZATION });
    const there = await signedIn(guest);
    const group = await door.call(admin, createGroup, { name: "guests", userIds: [guest.id] });
    await door.call(admin, removeMember, { id: guest.id });
    expect((await asRequest(here.token)).kind).toBe("anonymous");
    expect((await asRequest(there.token)).kind).toBe("person");
    expect((await sql`select 1 from group_member where group_id = ${group.id}`.execute(door.db)).rows).toEqual([]);
  });

  test("nobody is drawn in by an administrator of this organization alone, nor by who holds less than they do", async () => {
    const theirs = await door.organization("Theirs");
    await door.person("plain-there", { orgId: theirs });
    await expect(door.call(admin, addMember, { person: "plain-there" })).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining('where you lack the permission "membership.add"'),
    });
    await door.db
      .insertInto("role")
      .values({ id: "greeter", name: "Greeter", description: "", permissions: ["membership.add"], built_in: false })
      .execute();
    await door.person("boss-there", { orgId: theirs, roles: ["administrator"] });
    const greeter = await door.person("greeter", { roles: ["greeter"] });
    await door.person("greeter", { orgId: theirs, id: greeter.id, roles: ["greeter"] });
    await expect(door.call(greeter, addMember, { person: "boss-there" })).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining("holds permissions that you lack"),
    });
    expect(await door.codeOf(door.call(greeter, addMember, { person: "plain-there" }))).toBe("ok");
  });

  test("nobody adds oneself, gives more than one holds, or takes somebody out of their only organization", async () => {
    const other = await door.organization("Foreign");
    const clerk = await door.person("clerk", { orgId: other });
    const asClerk: Actor = { ...clerk, permissions: new Set(["membership.add", "membership.remove"]) };
    const inDefault: Actor = { ...asClerk, orgId: DEFAULT_ORGANIZATION };
    expect(await door.codeOf(door.call(inDefault, addMember, { person: "clerk" }))).toBe("denied");
    expect(await door.codeOf(door.call(asClerk, addMember, { person: "org-admin", roles: ["administrator"] }))).toBe(
      "denied",
    );
    const made = await door.call(admin, createUser, { loginName: "only-here", name: "x" });
    await expect(door.call(admin, removeMember, { id: made.id })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("only organization"),
    });
    expect(await door.codeOf(door.call(admin, removeMember, { id: admin.id }))).toBe("denied");
  });

  test("SQL attaches nobody to what belongs to another organization", async () => {
    const other = await door.organization("Keys");
    const stranger = await door.person("key-stranger", { orgId: other });
    const statements = [
      sql`insert into role_binding (org_id, user_id, role_id) values (${DEFAULT_ORGANIZATION}, ${stranger.id}, 'user')`,
      sql`insert into mailed_token (token_hash, user_id, purpose, email, org_id, expires_at)
        values ('\\x00', ${stranger.id}, 'invite', 'a@b.example', ${DEFAULT_ORGANIZATION}, now())`,
    ];
    for (const statement of statements)
      await expect(statement.execute(door.db)).rejects.toMatchObject({ code: "23503" });
  });
});

describe("going from one organization to another", () => {
  test("only where one is a member or holds a role of the system; no header decides", async () => {
    const other = await door.organization("Second home");
    const member = await door.person("traveller");
    const { actor, token } = await signedIn(member);
    expect(await door.codeOf(door.call(actor, switchOrganization, { id: other }))).toBe("not_found");
    expect((await door.call(actor, listMyOrganizations, {})).items.map(({ id }) => id)).toEqual([DEFAULT_ORGANIZATION]);
    await door.person("traveller", { orgId: other, id: member.id, roles: ["administrator"] });
    await door.call(actor, switchOrganization, { id: other });
    const moved = await asRequest(token);
    expect([moved.orgId, moved.permissions.has("user.create")]).toEqual([other, true]);
    expect(await door.call(moved, readMe, {})).toMatchObject({ organization: { id: other } });

    const { actor: root, token: rootToken } = await signedIn(site);
    await door.call(root, switchOrganization, { id: other });
    expect(await door.call(await asRequest(rootToken), readMe, {})).toMatchObject({ organization: { id: other } });
    expect((await door.call(root, listMyOrganizations, { search: "second" })).items).toHaveLength(1);
    const { signInId: _, ...withoutSession } = actor;
    expect(await door.codeOf(door.call({ ...withoutSession, signInId: null }, switchOrganization, { id: other }))).toBe(
      "denied",
    );
  });

  test("a session in one that only a role of the system opened ends with that role", async () => {
    const other = await door.organization("Visited");
    const visitor = await door.person("visitor", { roles: ["system-auditor"] });
    const { actor, token } = await signedIn(visitor);
    await door.call(actor, switchOrganization, { id: other });
    expect((await asRequest(token)).orgId).toBe(other);
    await sql`delete from system_role_binding where user_id = ${visitor.id}`.execute(door.db);
    expect((await asRequest(token)).kind).toBe("anonymous");
  });

  test("one that asks for a second factor asks also of who comes from one that does not", async () => {
    const strict = await door.organization("Strict");
    await sql`insert into setting (org_id, key, value) values (${strict}, 'sign-in', '{"secondFactor":"forced"}')`.execute(
      door.db,
    );
    const member = await door.person("lax");
    await door.person("lax", { orgId: strict, id: member.id });
    const { actor } = await signedIn(member);
    expect(await door.codeOf(door.call(actor, switchOrganization, { id: strict }))).toBe("denied");
    await sql`insert into totp (user_id, secret, confirmed_at) values (${member.id}, '\\x00', now())`.execute(door.db);
    expect(await door.codeOf(door.call(actor, switchOrganization, { id: strict }))).toBe("unconfirmed");
    const proved = await signedIn(member, ["password", "totp"]);
    expect(await door.codeOf(door.call(proved.actor, switchOrganization, { id: strict }))).toBe("ok");
  });
});
