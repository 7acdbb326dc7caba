import { type Actor, changedMeanwhile, Fault, newId, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import { checkPassword } from "../login/first-proof.ts";
import { hashPassword } from "../login/password.ts";
import {
  bindRoles,
  lockAdministrators,
  mustHoldEverywhere,
  mustLeaveAnAdministrator,
  mustOutrank,
} from "../roles/role.ts";
import * as schema from "../schema.ts";
import type { User } from "../schema.ts";
import { findUser, listUsers } from "./user.store.ts";

const orgOf = (actor: Actor): string => actor.orgId ?? "";

/** The user as a member of the actor's organization; Fault `not_found` otherwise. */
export async function visibleUser(db: Db, actor: Actor, id: string): Promise<User> {
  const user = await findUser(db, orgOf(actor), id);
  if (!user) throw notFound("user");
  return user;
}

const create = serve(schema.createUser, {
  access: "granted",
  before: async (_, { password }) => (password === undefined ? null : hashPassword(password)),
  async run({ db, actor, prepared: password_hash, about }, input) {
    const { loginName, name, email, comment, active } = input;
    const id = newId();
    about({ kind: "user", id, name: loginName });
    await db
      .insertInto("users")
      .values({ id, login_name: loginName, name, email, comment, active, password_hash })
      .execute()
      .catch((error) => {
        if (violated(error) !== "user_login_name_is_unique") throw error;
        throw new Fault("conflict", `The login name "${loginName}" is taken. Choose another one.`);
      });
    await db
      .insertInto("membership")
      .values({ org_id: orgOf(actor), user_id: id })
      .execute();
    await bindRoles(db, actor, id, input.roles);
    return visibleUser(db, actor, id);
  },
});

const update = serve(schema.updateUser, {
  access: "granted",
  async run({ db, actor, now, about, changed }, { id, version, roles, ...changes }) {
    await lockAdministrators(db, orgOf(actor));
    const before = await visibleUser(db, actor, id);
    about({ kind: "user", id, name: before.loginName });
    await mustOutrank(db, actor, id);
    if (Object.keys(changes).length > 0) await mustHoldEverywhere(db, actor, id, schema.updateUser.name);
    if (actor.id === id && (changes.active === false || roles)) {
      throw new Fault("denied", "You cannot disable yourself or change your own roles. Ask another administrator.");
    }
    const done = await db
      .updateTable("users")
      .set({ ...changes, version: version + 1, updated_at: now })
      .where("id", "=", id)
      .where("version", "=", version)
      .executeTakeFirst();
    if (done.numUpdatedRows !== 1n) throw changedMeanwhile("user", before);
    if (roles) await bindRoles(db, actor, id, roles);
    if (changes.active === false) await endConsoleSessions(db, id);
    if (changes.active === false || roles) await mustLeaveAnAdministrator(db, orgOf(actor));
    const after = await visibleUser(db, actor, id);
    changed(before, after);
    return after;
  },
});

const remove = serve(schema.deleteUser, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    await lockAdministrators(db, orgOf(actor));
    const user = await visibleUser(db, actor, id);
    about({ kind: "user", id, name: user.loginName });
    if (actor.id === id) throw new Fault("denied", "You cannot delete yourself. Ask another administrator.");
    await mustOutrank(db, actor, id);
    await db.deleteFrom("membership").where("org_id", "=", orgOf(actor)).where("user_id", "=", id).execute();
    await db
      .deleteFrom("users")
      .where("id", "=", id)
      .where((row) => row.not(row.exists(row.selectFrom("membership").select("user_id").where("user_id", "=", id))))
      .execute();
    await mustLeaveAnAdministrator(db, orgOf(actor));
    return {};
  },
});

const setPassword = serve(schema.setUserPassword, {
  access: "granted",
  before: (_, { password }) => hashPassword(password),
  async run({ db, actor, now, prepared: password_hash, about }, { id }) {
    const user = await visibleUser(db, actor, id);
    about({ kind: "user", id, name: user.loginName });
    await mustOutrank(db, actor, id);
    await mustHoldEverywhere(db, actor, id, schema.setUserPassword.name);
    await db.updateTable("users").set({ password_hash, updated_at: now }).where("id", "=", id).execute();
    await endConsoleSessions(db, id, actor.signInId);
    return {};
  },
});

const changeMine = serve(schema.changeMyPassword, {
  access: "signed-in",
  async before({ db, actor }, { current, next }) {
    const mine = await db.selectFrom("users").select("login_name").where("id", "=", actor.id).executeTakeFirstOrThrow();
    const proof = { loginName: mine.login_name, password: current, address: actor.address };
    await checkPassword(db, proof).catch((error) => {
      if (error instanceof Fault && error.code === "unauthenticated")
        throw new Fault("invalid", "Your current password is not right.");
      throw error;
    });
    return hashPassword(next);
  },
  async run({ db, actor, now, prepared: password_hash }) {
    await db.updateTable("users").set({ password_hash, updated_at: now }).where("id", "=", actor.id).execute();
    await endConsoleSessions(db, actor.id ?? "", actor.signInId);
    return {};
  },
});

export const userActions = () => [
  serve(schema.listUsers, { access: "granted", run: ({ db, actor }, input) => listUsers(db, orgOf(actor), input) }),
  serve(schema.readUser, { access: "granted", run: ({ db, actor }, { id }) => visibleUser(db, actor, id) }),
  create,
  update,
  remove,
  setPassword,
  changeMine,
];
