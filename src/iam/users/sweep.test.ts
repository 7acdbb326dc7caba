import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Door, openDoor } from "../../../test/security/door.ts";
import { systemActor } from "../../core/index.ts";
import { openConsoleSession } from "../login/console-session.ts";
import { DEFAULT_ORGANIZATION } from "../index.ts";
import { listUsers, readUser, updateUser } from "../schema.ts";

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

async function sweep(): Promise<void> {
  const kind = door.iam.work.kinds.find(({ key }) => key === "sweep-users")!;
  const id = await door.database.transaction((db) => door.platform.startJob(db, systemActor(null), kind, {}));
  const working = await door.platform.work({ ...door.iam.work, schedules: [], receiverOf: async () => null });
  for (let turn = 0; turn < 200; turn++) {
    const job = await door.db.selectFrom("job").select("ended_at").where("id", "=", id).executeTakeFirstOrThrow();
    if (job.ended_at) break;
    await pause(25);
  }
  await working.stop();
}

test("unused users are disabled and signed out, but not who was let in again, used a key, or administers alone", async () => {
  const admin = await door.person("sweep-admin", { roles: ["administrator", "system-administrator"] });
  const [idle, busy, enabled] = [await door.person("idle"), await door.person("busy"), await door.person("enabled")];
  const ids = [admin.id, idle.id, busy.id, enabled.id];
  await sql`update users set created_at = now() - interval '100 days' where id = any(${ids}::uuid[])`.execute(door.db);
  await sql`update users set last_used_at = now() where id = ${busy.id}`.execute(door.db);
  await sql`update users set enabled_at = now() where id = ${enabled.id}`.execute(door.db);
  const session = await openConsoleSession(door.db, {
    userId: idle.id,
    orgId: DEFAULT_ORGANIZATION,
    address: null,
    agent: null,
    now: new Date(),
    proofs: ["password"],
    backendId: null,
    limits: { idleMinutes: 60, longestHours: 24 },
    typedPassword: true,
  });
  const found = await door.call(admin, listUsers, { unusedDays: 90 });
  expect(found.items.map(({ loginName }) => loginName)).toEqual(["idle", "sweep-admin"]);

  await sweep();
  expect((await door.call(admin, readUser, { id: idle.id })).active).toBe(true);
  await sql`insert into setting (key, value) values ('users', '{"disableUnusedDays":90}')`.execute(door.db);
  await sweep();
  expect(await door.call(admin, readUser, { id: idle.id })).toMatchObject({ active: false, disabledReason: "unused" });
  for (const id of [admin.id, busy.id, enabled.id])
    expect((await door.call(admin, readUser, { id })).active).toBe(true);
  const kept = await sql`select 1 from console_session where id = ${session.id}`.execute(door.db);
  expect(kept.rows).toEqual([]);
  expect(await door.events("user.disable-unused")).toMatchObject([{ target_id: idle.id, actor_name: "system" }]);

  const { version } = await door.call(admin, readUser, { id: idle.id });
  await door.call(admin, updateUser, { id: idle.id, version, active: true });
  await sweep();
  expect(await door.call(admin, readUser, { id: idle.id })).toMatchObject({ active: true, disabledReason: null });
});

test("who expires within five days is told, and stands in the list of those who do", async () => {
  const admin = await door.person("notice-admin", { roles: ["administrator"] });
  const soon = await door.person("soon");
  const later = await door.person("later");
  await sql`update users set email = login_name || '@example.org',
    expires_at = now() + case login_name when 'soon' then interval '4 days' else interval '20 days' end
    where id in (${soon.id}, ${later.id})`.execute(door.db);
  const mail = '{"host":"mail.example.org","fromAddress":"gate@example.org"}';
  await sql`insert into setting (key, value) values ('mail', ${mail})`.execute(door.db);
  await sweep();
  const owed = await sql<{ user_id: string }>`select user_id from notification where template = 'user-expires'`.execute(
    door.db,
  );
  expect(owed.rows).toEqual([{ user_id: soon.id }]);
  const listed = await door.call(admin, listUsers, { expiringDays: 5 });
  expect(listed.items.map(({ id }) => id)).toEqual([soon.id]);
});
