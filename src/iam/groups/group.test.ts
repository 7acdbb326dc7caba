import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import type { Actor } from "../../core/index.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import {
  addGroupMembers,
  createGroup,
  deleteGroup,
  listGroups,
  readGroup,
  removeGroupMembers,
  updateGroup,
} from "../schema.ts";

let door: Door;
let admin: Actor;
let stranger: Actor & { id: string; orgId: string };
let member: Actor & { id: string };

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("root-admin", { roles: ["administrator"] });
  member = await door.person("member");
  stranger = await door.person("stranger", { orgId: await door.organization("Other"), roles: ["administrator"] });
});
afterAll(() => door.close());

describe("groups", () => {
  test("are created with members, read, changed, emptied and deleted", async () => {
    const made = await door.call(admin, createGroup, { name: "Ops", userIds: [member.id, member.id] });
    expect(made).toMatchObject({ name: "Ops", members: 1, version: 1 });
    expect((await door.call(admin, listGroups, { userId: member.id })).items).toEqual([made]);
    const renamed = await door.call(admin, updateGroup, { id: made.id, version: 1, name: "Operators" });
    expect(renamed).toMatchObject({ name: "Operators", version: 2 });
    expect(await door.codeOf(door.call(admin, updateGroup, { id: made.id, version: 1, name: "Late" }))).toBe(
      "conflict",
    );
    expect(await door.call(admin, addGroupMembers, { id: made.id, userIds: [member.id] })).toMatchObject({
      members: 1,
    });
    expect(await door.call(admin, removeGroupMembers, { id: made.id, userIds: [member.id] })).toMatchObject({
      members: 0,
    });
    await door.call(admin, deleteGroup, { id: made.id });
    expect(await door.codeOf(door.call(admin, readGroup, { id: made.id }))).toBe("not_found");
    expect((await door.events("group.update")).at(0)).toMatchObject({
      fields: { before: { name: "Ops" }, after: { name: "Operators" } },
    });
  });

  test("names are unique in the organization, whatever the case of letters, and only there", async () => {
    const { id } = await door.call(admin, createGroup, { name: "Unique" });
    expect(await door.codeOf(door.call(admin, createGroup, { name: "UNIQUE" }))).toBe("conflict");
    const second = await door.call(admin, createGroup, { name: "Second" });
    expect(await door.codeOf(door.call(admin, updateGroup, { id: second.id, version: 1, name: "unique" }))).toBe(
      "conflict",
    );
    expect(await door.codeOf(door.call(stranger, createGroup, { name: "Unique" }))).toBe("ok");
    expect(await door.codeOf(door.call(admin, updateGroup, { id, version: 1, name: "UNIQUE" }))).toBe("ok");
  });

  test("a user of another organization is no member, and nothing remains of the try", async () => {
    expect(await door.codeOf(door.call(admin, createGroup, { name: "Mixed", userIds: [member.id, stranger.id] }))).toBe(
      "not_found",
    );
    expect((await door.call(admin, listGroups, { search: "Mixed" })).items).toEqual([]);
    const { id } = await door.call(admin, createGroup, { name: "Pure" });
    expect(await door.codeOf(door.call(admin, addGroupMembers, { id, userIds: [stranger.id] }))).toBe("not_found");
    const smuggled =
      sql`insert into group_member (org_id, group_id, user_id) values (${DEFAULT_ORGANIZATION}, ${id}, ${stranger.id})`.execute(
        door.db,
      );
    await expect(smuggled).rejects.toThrow("group_member_user_is_of_the_organization");
    const turned =
      sql`insert into group_member (org_id, group_id, user_id) values (${stranger.orgId}, ${id}, ${stranger.id})`.execute(
        door.db,
      );
    await expect(turned).rejects.toThrow("group_member_group_is_of_the_organization");
  });

  test("another organization's administrator finds none of it", async () => {
    const { id } = await door.call(admin, createGroup, { name: "Hidden", userIds: [member.id] });
    const tries = [
      door.call(stranger, readGroup, { id }),
      door.call(stranger, updateGroup, { id, version: 1, name: "x" }),
      door.call(stranger, deleteGroup, { id }),
      door.call(stranger, addGroupMembers, { id, userIds: [stranger.id] }),
      door.call(stranger, removeGroupMembers, { id, userIds: [member.id] }),
    ];
    expect(await Promise.all(tries.map(door.codeOf))).toEqual(Array(5).fill("not_found"));
    expect(await door.call(admin, readGroup, { id })).toMatchObject({ members: 1, version: 1 });
    expect((await door.call(stranger, listGroups, { search: "Hidden" })).items).toEqual([]);
  });

  test("a user who leaves the organization leaves its groups", async () => {
    const leaver = await door.person("leaver");
    const { id } = await door.call(admin, createGroup, { name: "Left", userIds: [leaver.id] });
    await sql`delete from membership where user_id = ${leaver.id}`.execute(door.db);
    expect(await door.call(admin, readGroup, { id })).toMatchObject({ members: 0 });
  });
});
