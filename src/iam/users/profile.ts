import { Fault } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import * as schema from "../schema.ts";
import type { Profile } from "../schema.ts";

async function profileOf(db: Db, userId: string | null): Promise<Profile> {
  const row = await db
    .selectFrom("users")
    .select((user) => [
      "login_name as loginName",
      "name",
      "email",
      "phone",
      "time_zone as timeZone",
      user("password_hash", "is not", null).as("hasPassword"),
      "password_changed_at",
      "created_at",
      "last_sign_in_at",
    ])
    .where("id", "=", userId)
    .executeTakeFirst();
  if (!row) throw new Fault("unauthenticated", "Sign in first.");
  return {
    ...row,
    hasPassword: Boolean(row.hasPassword),
    passwordChangedAt: row.password_changed_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    lastSignInAt: row.last_sign_in_at?.toISOString() ?? null,
  };
}

const read = serve(schema.readMyProfile, { access: "signed-in", run: ({ db, actor }) => profileOf(db, actor.id) });

const update = serve(schema.updateMyProfile, {
  access: "signed-in",
  async run({ db, actor, now, about, changed }, { phone, timeZone }) {
    const before = await profileOf(db, actor.id);
    about({ kind: "user", id: actor.id, name: before.loginName });
    await db
      .updateTable("users")
      .set({
        updated_at: now,
        ...(phone !== undefined && { phone }),
        ...(timeZone !== undefined && { time_zone: timeZone }),
      })
      .where("id", "=", actor.id)
      .execute();
    const after = await profileOf(db, actor.id);
    changed(before, after);
    return after;
  },
});

/** Oneself: what a person may read and change without anybody's permission. */
export const profileActions = () => [read, update];
