import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { makeKey } from "../../../test/support/sshd.ts";
import type { Actor } from "../../core/index.ts";
import type { Presence } from "../index.ts";
import { addUserSshKey, removeUserSshKey, setUserPassword, updateUser } from "../schema.ts";

let door: Door;
let admin: Actor;
let person: Actor & { id: string; orgId: string };
let count = 0;

beforeAll(async () => {
  door = await openDoor();
  admin = await door.person("ada", { roles: ["administrator"] });
});
beforeEach(async () => void (person = await door.person(`ann-${++count}`, { roles: ["auditor"] })));
afterAll(() => door.close());

const presence = (changes: Partial<Presence> = {}): Presence => ({
  userId: person.id,
  orgId: person.orgId,
  since: new Date(Date.now() + 5),
  signInId: null,
  fingerprint: null,
  byPassword: false,
  permission: null,
  ...changes,
});
const stays = async (...presences: Presence[]): Promise<boolean[]> => door.iam.stillPresent(presences);

describe("somebody stays", () => {
  test("while active and a member", async () => {
    expect(await stays(presence())).toEqual([true]);
    const version = 1;
    await door.call(admin, updateUser, { id: person.id, version, active: false });
    expect(await stays(presence())).toEqual([false]);
    await door.call(admin, updateUser, { id: person.id, version: version + 1, active: true });
    expect(await stays(presence())).toEqual([true]);
    await sql`delete from membership where user_id = ${person.id}`.execute(door.db);
    expect(await stays(presence())).toEqual([false]);
  });

  test("in an organization of theirs only", async () => {
    expect(await stays(presence({ orgId: await door.organization(`Other ${count}`) }))).toEqual([false]);
  });

  test("with a permission as long as a role gives it in that organization", async () => {
    const reader = presence({ permission: "user.list" });
    expect(await stays(reader, presence({ permission: "user.delete" }))).toEqual([true, false]);
    const elsewhere = await door.organization(`Elsewhere ${count}`);
    await sql`insert into membership (org_id, user_id) values (${elsewhere}, ${person.id})`.execute(door.db);
    expect(await stays({ ...reader, orgId: elsewhere })).toEqual([false]);
    await sql`delete from membership where org_id = ${elsewhere}`.execute(door.db);
    await door.call(admin, updateUser, { id: person.id, version: 1, roles: ["user"] });
    expect(await stays(reader, presence())).toEqual([false, true]);
  });

  test("with a key until it is removed, and by no key of somebody else", async () => {
    const { publicLine } = makeKey("ed25519");
    const { id, fingerprint } = await door.call(admin, addUserSshKey, {
      id: person.id,
      name: "laptop",
      publicKey: publicLine,
    });
    const other = await door.person(`bob-${count}`);
    const byKey = presence({ fingerprint });
    expect(await stays(byKey, presence({ fingerprint, userId: other.id }))).toEqual([true, false]);
    await door.call(admin, removeUserSshKey, { id: person.id, keyId: id });
    expect(await stays(byKey, presence())).toEqual([false, true]);
  });

  test("by password until it is changed; who proved the new one stays", async () => {
    const password = "correct horse battery";
    await door.call(admin, setUserPassword, { id: person.id, password });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const before = presence({ byPassword: true, since: new Date() });
    expect(await stays(before)).toEqual([true]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await door.call(admin, setUserPassword, { id: person.id, password: `${password} staple` });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const after = presence({ byPassword: true, since: new Date() });
    expect(await stays(before, { ...before, byPassword: false }, after)).toEqual([false, true, true]);
  });

  test("other changes of the user do not count as a new password", async () => {
    const since = new Date();
    await door.call(admin, updateUser, { id: person.id, version: 1, comment: "moved" });
    await sql`update users set password_hash = password_hash where id = ${person.id}`.execute(door.db);
    expect(await stays(presence({ byPassword: true, since }))).toEqual([true]);
  });
});

test("many are asked for at once and answered in order; nobody at no cost", async () => {
  const gone = presence({ userId: "00000000-0000-7000-8000-000000000000" });
  expect(await stays(presence(), gone, presence(), gone, gone)).toEqual([true, false, true, false, false]);
  expect(await stays()).toEqual([]);
});
