import { sql } from "kysely";
import { type Actor, changedMeanwhile, Fault, newId } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import { checkPassword } from "../login/first-proof.ts";
import { leave } from "../orgs/org.store.ts";
import { watchAdministrators } from "../roles/administrators.ts";
import { tellReplaced } from "../passwords/messages.ts";
import { acceptFirstPassword, acceptNewPassword, storePassword } from "../passwords/policy.ts";
import { bindRoles, giveRoles, mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import { putIntoGroups } from "./belonging.ts";
import { type Postal, sendInvitation } from "./invitation.ts";
import { listUsers, visibleUser } from "./user.store.ts";
import type { z } from "zod";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

function createAction(platform: Postal) {
  return serve(schema.createUser, {
    access: "granted",
    async before({ db, actor }, { password, loginName, name, email }) {
      if (password === undefined) return null;
      const given = { password, orgIds: [orgOf(actor)] };
      return acceptFirstPassword({ db, platform }, { loginName, name, email }, given);
    },
    async run({ db, actor, prepared: password_hash, about }, { invite, roles, groupIds, ...input }) {
      const id = newId();
      about({ kind: "user", id, name: input.loginName });
      await db
        .insertInto("users")
        .values({ ...rowOf(input), id, login_name: input.loginName, name: input.name, password_hash })
        .execute()
        .catch((error) => {
          if (violated(error) !== "user_login_name_is_unique") throw error;
          throw new Fault("conflict", `The login name "${input.loginName}" is taken. Choose another one.`);
        });
      await db
        .insertInto("membership")
        .values({ org_id: orgOf(actor), user_id: id })
        .execute();
      await giveRoles(db, actor, id, roles);
      if (groupIds.length > 0) await putIntoGroups(db, actor, id, groupIds);
      if (invite) {
        const { loginName, name, email } = input;
        const person = { id, loginName, name, email, kind: "person" as const, hasPassword: password_hash !== null };
        await sendInvitation(platform, db, actor, person);
      }
      return visibleUser(db, actor, id);
    },
  });
}

type Fields = Partial<Omit<z.output<typeof schema.createUser.input>, "roles" | "groupIds" | "invite" | "password">>;

/** The columns of what an input says; what it does not say stays as it is. */
function rowOf(fields: Fields) {
  const { name, email, comment, active, phone, expiresAt, timeZone, mustChangePassword, secondFactor } = fields;
  return {
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(comment !== undefined && { comment }),
    ...(active !== undefined && {
      active,
      disabled_reason: active ? null : "administrator",
      ...(active && { enabled_at: sql<Date>`now()` }),
    }),
    ...(phone !== undefined && { phone }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    ...(timeZone !== undefined && { time_zone: timeZone }),
    ...(mustChangePassword !== undefined && { must_change_password: mustChangePassword }),
    ...(secondFactor !== undefined && { second_factor: secondFactor }),
  };
}

/** What nobody changes of oneself, or it would be no limit. */
function mustNotFavourOneself(actor: Actor, id: string, changes: Fields & { roles?: unknown }): void {
  if (actor.id !== id) return;
  const { active, roles, expiresAt, secondFactor, mustChangePassword } = changes;
  const limits = [roles, expiresAt, secondFactor, mustChangePassword];
  if (active === false || limits.some((limit) => limit !== undefined)) {
    throw new Fault(
      "denied",
      "You cannot disable yourself or change your own roles, end date or second factor. Ask another administrator.",
    );
  }
}

const update = serve(schema.updateUser, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, roles, groupIds, ...changes }) {
    const stillAdministered = await watchAdministrators(db, [id]);
    const before = await visibleUser(db, actor, id);
    about({ kind: "user", id, name: before.loginName });
    await mustOutrank(db, actor, id);
    if (Object.keys(changes).length > 0) await mustHoldEverywhere(db, actor, id, schema.updateUser.name);
    mustNotFavourOneself(actor, id, { ...changes, ...(roles && { roles }) });
    const done = await db
      .updateTable("users")
      .set({ ...rowOf(changes), version: version + 1, updated_at: now })
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst();
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("user", before);
    if (roles) await bindRoles(db, actor, id, roles);
    if (groupIds) await putIntoGroups(db, actor, id, groupIds);
    const ended = changes.expiresAt !== undefined && changes.expiresAt !== null && new Date(changes.expiresAt) <= now;
    if (changes.active === false || ended) await endConsoleSessions(db, id);
    await stillAdministered();
    const after = await visibleUser(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteUser, {
  access: "granted",
  async run({ db, actor, about, note }, { id }) {
    const stillAdministered = await watchAdministrators(db, [id]);
    const user = await visibleUser(db, actor, id);
    about({ kind: "user", id, name: user.loginName });
    if (actor.id === id) throw new Fault("denied", "You cannot delete yourself. Ask another administrator.");
    await mustOutrank(db, actor, id);
    await leave(db, orgOf(actor), id);
    const gone = await db
      .deleteFrom("users")
      .where("id", "=", id)
      .where((row) => row.not(row.exists(row.selectFrom("membership").select("user_id").where("user_id", "=", id))))
      .executeTakeFirst();
    note({ staysElsewhere: gone.numDeletedRows === 0n });
    await stillAdministered();
    return {};
  },
});

async function mayManagePassword(db: Db, actor: Actor, id: string): Promise<schema.User> {
  const user = await visibleUser(db, actor, id);
  if (actor.id === id) throw new Fault("denied", "Change your own password on your own page.");
  await mustOutrank(db, actor, id);
  await mustHoldEverywhere(db, actor, id, schema.setUserPassword.name);
  return user;
}

const setPasswordAction = (platform: Postal) =>
  serve(schema.setUserPassword, {
    access: "granted",
    confirm: { level: "password", minutes: 5 },
    async before({ db, actor }, { id, password }) {
      // Nobody else learns from a refusal what the user's passwords were.
      await mayManagePassword(db, actor, id);
      return acceptNewPassword({ db, platform }, id, { password });
    },
    async run({ db, actor, prepared: hash, about }, { id, mustChangePassword }) {
      const user = await mayManagePassword(db, actor, id);
      about({ kind: "user", id, name: user.loginName });
      await storePassword(db, id, hash, mustChangePassword);
      await endConsoleSessions(db, id, actor.signInId);
      return {};
    },
  });

const changeMineAction = (platform: Postal) =>
  serve(schema.changeMyPassword, {
    access: "signed-in",
    async before({ db, actor }, { current, next }) {
      const mine = await db
        .selectFrom("users")
        .select("login_name")
        .where("id", "=", actor.id)
        .executeTakeFirstOrThrow();
      const proof = { loginName: mine.login_name, password: current, address: actor.address };
      await checkPassword(db, proof).catch((error) => {
        if (error instanceof Fault && error.code === "unauthenticated")
          throw new Fault("invalid", "Your current password is not right.");
        throw error;
      });
      return acceptNewPassword({ db, platform }, actor.id ?? "", { password: next, field: "next", own: true });
    },
    async run({ db, actor, now, prepared: hash }) {
      await storePassword(db, actor.id ?? "", hash);
      await tellReplaced(platform, db, { userId: actor.id ?? "", actor, now });
      await endConsoleSessions(db, actor.id ?? "", actor.signInId);
      return {};
    },
  });

/** Users of the organization, by hand. `platform` mails invitations. */
export const userActions = (platform: Postal) => [
  serve(schema.listUsers, { access: "granted", run: ({ db, actor }, input) => listUsers(db, orgOf(actor), input) }),
  serve(schema.readUser, { access: "granted", run: ({ db, actor }, { id }) => visibleUser(db, actor, id) }),
  createAction(platform),
  update,
  remove,
  setPasswordAction(platform),
  changeMineAction(platform),
];
