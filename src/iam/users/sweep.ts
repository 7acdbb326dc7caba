import { sql } from "kysely";
import { z } from "zod";
import { Fault, plain, type Runtime, systemActor } from "../../core/index.ts";
import type { Database, Db } from "../../db/index.ts";
import { type JobResult, jobKind, mailTemplate, type Platform, schedule } from "../../platform/index.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import { watchAdministrators } from "../roles/administrators.ts";
import { userSettings } from "./settings.ts";

/** The mail that tells a person that the end comes near. */
export const expiryMail = mailTemplate({
  key: "user-expires",
  values: z.object({ name: plain(z.string()), loginName: plain(z.string()), day: plain(z.string()) }),
  render: ({ name, loginName, day }, language) =>
    language === "zh"
      ? {
          subject: "您的 Sallyport 用户即将到期",
          paragraphs: [`${name}，您好：`, `您的用户 ${loginName} 将于 ${day} 到期。如仍需使用，请联系管理员。`],
        }
      : {
          subject: "Your Sallyport user expires soon",
          paragraphs: [
            `Hello ${name},`,
            `your user ${loginName} expires on ${day}. If you still need it, ask an administrator.`,
          ],
        },
});

interface Deps {
  readonly database: Database;
  readonly runtime: Runtime<Db>;
  readonly platform: Pick<Platform, "settings" | "notify" | "mailIsConfigured">;
}

interface Found {
  readonly id: string;
  readonly loginName: string;
}

/** Looks after users once a day. */
export function userSweep({ database, runtime, platform }: Deps) {
  const kind = jobKind({
    key: "sweep-users",
    title: "Disable unused users, tell who expires",
    permission: null,
    input: z.object({}),
    afterCrash: "restart",
    async run(job) {
      const { disableUnusedDays, noticeDays } = await platform.settings.read(userSettings);
      const unused = disableUnusedDays > 0 ? await findUnused(database.db, disableUnusedDays) : [];
      for (const user of unused) {
        job.signal.throwIfAborted();
        await job.result(await disable({ database, runtime }, user, disableUnusedDays));
      }
      const told = noticeDays > 0 ? await tellExpiring(database, platform, noticeDays) : 0;
      return `${unused.length} unused, ${told} told that they expire.`;
    },
  });
  return { kind, schedules: [schedule({ key: "sweep-users", kind, input: {}, when: { cron: "30 2 * * *" } })] };
}

const findUnused = async (db: Db, days: number): Promise<readonly Found[]> =>
  (
    await sql<Found>`
      select id, login_name as "loginName" from users
      where active and greatest(last_sign_in_at, last_used_at, enabled_at, created_at) < now() - make_interval(days => ${days})
      order by id limit 10000`.execute(db)
  ).rows;

/** An administrator of last resort stays; whoever was seen meanwhile, too. */
async function disable(
  { database, runtime }: Pick<Deps, "database" | "runtime">,
  user: Found,
  days: number,
): Promise<JobResult> {
  const subject = user.loginName;
  try {
    return await database.transaction(async (db) => {
      const stillAdministered = await watchAdministrators(db, [user.id]);
      const done = await sql<{ id: string }>`
        update users set active = false, disabled_reason = 'unused', version = version + 1, updated_at = now()
        where id = ${user.id} and active
          and greatest(last_sign_in_at, last_used_at, enabled_at, created_at) < now() - make_interval(days => ${days})
        returning id`.execute(db);
      if (done.rows.length === 0) return { outcome: "skipped", subject, message: "Was here meanwhile." };
      await endConsoleSessions(db, user.id);
      await stillAdministered();
      const places = await db.selectFrom("membership").select("org_id").where("user_id", "=", user.id).execute();
      for (const { org_id } of places) {
        await runtime.record(db, {
          action: "user.disable-unused",
          actor: systemActor(org_id),
          outcome: "ok",
          target: { kind: "user", id: user.id, name: user.loginName },
          fields: { days },
        });
      }
      return { outcome: "ok", subject, message: `Disabled: not used for ${days} days.` };
    });
  } catch (error) {
    if (error instanceof Fault) return { outcome: "skipped", subject, message: error.message };
    throw error;
  }
}

async function tellExpiring(database: Database, platform: Deps["platform"], days: number): Promise<number> {
  if (!(await platform.mailIsConfigured())) return 0;
  const { rows } = await sql<{ id: string; name: string; loginName: string; expiresAt: Date; orgId: string | null }>`
    select u.id, u.name, u.login_name as "loginName", u.expires_at as "expiresAt",
      (select m.org_id from membership m where m.user_id = u.id order by m.created_at, m.org_id limit 1) as "orgId"
    from users u
    where u.active and u.kind = 'person' and u.email is not null
      and u.expires_at > now() and u.expires_at <= now() + make_interval(days => ${days})
    order by u.id limit 10000`.execute(database.db);
  await database.transaction(async (db) => {
    for (const { id, name, loginName, expiresAt, orgId } of rows) {
      const values = { name, loginName, day: expiresAt.toISOString().slice(0, 10) };
      await platform.notify(db, { to: { userId: id }, orgId, template: expiryMail, values });
    }
  });
  return rows.length;
}
