import { sql } from "kysely";
import { type Actor, Fault, notFound } from "../../core/index.ts";
import { type Db, serve, violated } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import { mayBeIn } from "../login/console-session.ts";
import { signInSettings } from "../login/settings.ts";
import { watchAdministrators } from "../roles/administrators.ts";
import { bindRoles, mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import { consoleSettings } from "../tokens/settings.ts";
import { secondFactorIsSetUp, visibleUser } from "../users/user.store.ts";
import { leave, listEnterable } from "./org.store.ts";

const add = serve(schema.addMember, {
  access: "granted",
  async run({ db, actor, about }, { person, roles }) {
    const user = await findPerson(db, person);
    if (!user) {
      throw new Fault(
        "not_found",
        "Nobody has this login name or mail address. Create a user, or invite a new person.",
      );
    }
    about({ kind: "user", id: user.id, name: user.loginName });
    if (user.id === actor.id) throw new Fault("denied", "You cannot add yourself. Ask another administrator.");
    // What an organization asks of its members is asked of them everywhere: nobody is drawn in from another one.
    await mustOutrank(db, actor, user.id);
    await mustHoldEverywhere(db, actor, user.id, schema.addMember.name);
    await db
      .insertInto("membership")
      .values({ org_id: actor.orgId ?? "", user_id: user.id })
      .execute()
      .catch((error: unknown) => {
        if (violated(error) !== "membership_pkey") throw error;
        throw new Fault("conflict", "This user is a member already.");
      });
    await bindRoles(db, actor, user.id, roles);
    return { user: { id: user.id, name: user.name } };
  },
});

/** By the whole name or the whole address, and only if one person has it: nobody browses other organizations. */
async function findPerson(db: Db, person: string) {
  const found = await db
    .selectFrom("users")
    .select(["id", "name", "login_name as loginName"])
    .where((row) =>
      row.or([
        row(sql`lower(login_name)`, "=", person.toLowerCase()),
        row(sql`lower(email)`, "=", person.toLowerCase()),
      ]),
    )
    .where("kind", "=", "person")
    .limit(2)
    .execute();
  return found.length === 1 ? found[0] : undefined;
}

const remove = serve(schema.removeMember, {
  access: "granted",
  async run({ db, actor, about }, { id }) {
    const stillAdministered = await watchAdministrators(db, [id]);
    const user = await visibleUser(db, actor, id);
    about({ kind: "user", id, name: user.loginName });
    if (actor.id === id) throw new Fault("denied", "You cannot take yourself out. Ask another administrator.");
    await mustOutrank(db, actor, id);
    const others = await db
      .selectFrom("membership")
      .select("org_id")
      .where("user_id", "=", id)
      .where("org_id", "!=", actor.orgId)
      .forUpdate()
      .limit(1)
      .execute();
    if (others.length === 0) {
      throw new Fault(
        "conflict",
        "This is the user's only organization. Delete the user instead, or add them to another organization first.",
      );
    }
    await leave(db, actor.orgId ?? "", id);
    await stillAdministered();
    return {};
  },
});

/** Members coming and going, and the person's own way from one organization to another. */
export function membershipActions({ settings }: Pick<Platform, "settings">) {
  const change = serve(schema.switchOrganization, {
    access: "signed-in",
    async run({ db, actor, about, actAs, note }, { id }) {
      const organization = await enterable(db, actor, id);
      about({ kind: "organization", id, name: organization.name });
      if (!actor.signInId) throw new Fault("denied", "Only a console session goes from one organization to another.");
      const { secondFactor } = await settings.read(signInSettings, id, db);
      await mustHaveProved(db, actor, secondFactor);
      const { idleMinutes, longestHours } = await settings.read(consoleSettings, id, db);
      const done = await db
        .updateTable("console_session")
        .set({
          org_id: id,
          idle_minutes: sql`least(idle_minutes, ${idleMinutes}::int)`,
          expires_at: sql`least(expires_at, signed_in_at + make_interval(hours => ${longestHours}))`,
        })
        .where("id", "=", actor.signInId)
        .where("user_id", "=", actor.id)
        .executeTakeFirst();
      if (done.numUpdatedRows !== 1n) throw new Fault("unauthenticated", "Sign in first.");
      note({ from: actor.orgId });
      actAs({ ...actor, orgId: id });
      return {};
    },
  });
  return [
    add,
    remove,
    serve(schema.listMyOrganizations, {
      access: "signed-in",
      run: ({ db, actor }, input) => listEnterable(db, actor.id ?? "", input),
    }),
    change,
  ];
}

/** Fault `not_found` for one that the person may not enter, as for one that is not there. */
async function enterable(db: Db, actor: Actor, id: string): Promise<{ name: string }> {
  const { rows } = await sql<{ name: string }>`
    select o.name from organization o join users u on u.id = ${actor.id}
    where o.id = ${id} and ${mayBeIn("o.id", "u.id")}`.execute(db);
  if (!rows[0]) throw notFound("organization");
  return rows[0];
}

/** An organization that asks for a second factor asks for it also of who comes from one that does not. */
async function mustHaveProved(db: Db, actor: Actor, asked: "off" | "on" | "forced"): Promise<void> {
  if (asked === "off" || actor.proved?.secondFactor) return;
  if (await secondFactorIsSetUp(db, actor.id ?? "")) {
    throw new Fault("unconfirmed", "This organization asks for a second factor.", {
      level: "second-factor",
      minutes: 24 * 60,
    });
  }
  if (asked === "forced") {
    throw new Fault("denied", "This organization asks for a second factor. Set one up on your own page first.");
  }
}
