import { z } from "zod";
import { type Actor, Fault, plain, secret } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { mailTemplate, type Platform } from "../../platform/index.ts";
import { goOn, type WayInDeps } from "../login/way-in.ts";
import { acceptNewPassword } from "../passwords/policy.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import { mustHold } from "./belonging.ts";
import {
  findMailedToken,
  linkIsVoid,
  mailMustBeDue,
  makeMailedToken,
  revokeMailedTokens,
  useMailedToken,
} from "./mailed-token.ts";
import { visibleUser } from "./user.store.ts";

const VALID_HOURS = 7 * 24;
type Invited = Pick<schema.User, "id" | "kind" | "loginName" | "name" | "email" | "hasPassword">;
/** What messages need. */
export type Postal = Pick<Platform, "notify" | "mailIsConfigured" | "settings">;

const Line = plain(z.string());

/** The mail with which a person is invited. */
export const invitationMail = mailTemplate({
  key: "invitation",
  values: z.object({ name: Line, loginName: Line, organization: Line, inviter: Line, link: secret(z.url()) }),
  render({ name, loginName, organization, inviter, link }, language) {
    if (language === "zh") {
      return {
        subject: `邀请您使用 Sallyport（${organization}）`,
        paragraphs: [
          `${name}，您好：`,
          `${inviter} 邀请您加入“${organization}”。您的登录名是 ${loginName}。请设置密码：`,
        ],
        link: { label: "设置密码", url: link },
        closing: ["链接 7 天内有效，只能使用一次。如果您没有预料到这封邮件，请忽略它。"],
      };
    }
    return {
      subject: `You are invited to Sallyport (${organization})`,
      paragraphs: [
        `Hello ${name},`,
        `${inviter} invites you to "${organization}". Your login name is ${loginName}. Choose your password:`,
      ],
      link: { label: "Choose a password", url: link },
      closing: ["The link is valid for 7 days and works once. If you did not expect this mail, ignore it."],
    };
  },
});

/**
 * Mails a user of the actor's organization a link to choose the first password; an older link is void. Faults `invalid`
 * and `conflict` that say what is missing (an address, mail itself), that there is a password already, or that the last
 * mail is younger than a minute.
 */
export async function sendInvitation(postal: Postal, db: Db, actor: Actor, user: Invited): Promise<void> {
  mustHold(actor, schema.inviteUser.name);
  if (user.email === null) throw new Fault("invalid", "Give the user a mail address first.");
  if (user.kind !== "person") throw new Fault("invalid", "Only people are invited.");
  if (user.hasPassword) throw new Fault("conflict", "This user has a password already. Let it be set anew instead.");
  // Whoever is known by a backend already would get a second way in, at an address that somebody may just have changed.
  if (await signsInElsewhere(db, user.id)) mustHold(actor, schema.setUserPassword.name);
  if (!actor.origin) throw new Fault("invalid", "Invitations are sent from the console, whose address they carry.");
  if (!(await postal.mailIsConfigured(db))) throw new Fault("conflict", "Mail is not set up. Do that in the settings.");
  await mailMustBeDue(db, user.id);
  const { token, expiresAt } = await makeMailedToken(db, {
    userId: user.id,
    email: user.email,
    orgId: actor.orgId,
    purpose: "invite",
    hours: VALID_HOURS,
  });
  const organization = await nameOf(db, actor.orgId);
  await postal.notify(db, {
    to: { userId: user.id },
    orgId: actor.orgId,
    template: invitationMail,
    values: {
      name: user.name,
      loginName: user.loginName,
      organization: organization ?? "Sallyport",
      inviter: actor.name,
      link: `${actor.origin}/invite#${token}`,
    },
    until: expiresAt,
  });
}

const signsInElsewhere = async (db: Db, userId: string): Promise<boolean> =>
  (await db.selectFrom("identity").select("id").where("user_id", "=", userId).limit(1).executeTakeFirst()) !==
  undefined;

async function nameOf(db: Db, orgId: string | null): Promise<string | null> {
  const row = await db.selectFrom("organization").select("name").where("id", "=", orgId).executeTakeFirst();
  return row?.name ?? null;
}

/** Inviting again, taking back, and what the invited person does. */
export function invitationActions(postal: Postal, deps: WayInDeps) {
  const invite = serve(schema.inviteUser, {
    access: "granted",
    async run({ db, actor, about }, { id }) {
      const user = await visibleUser(db, actor, id);
      about({ kind: "user", id, name: user.loginName });
      await mustOutrank(db, actor, id);
      await mustHoldEverywhere(db, actor, id, schema.inviteUser.name);
      await sendInvitation(postal, db, actor, user);
      return visibleUser(db, actor, id);
    },
  });

  const revoke = serve(schema.revokeInvitation, {
    access: "granted",
    async run({ db, actor, about }, { id }) {
      const user = await visibleUser(db, actor, id);
      about({ kind: "user", id, name: user.loginName });
      await mustOutrank(db, actor, id);
      await mustHoldEverywhere(db, actor, id, schema.revokeInvitation.name);
      if ((await revokeMailedTokens(db, "invite", id)) === 0) {
        throw new Fault("conflict", "There is no invitation that could still be answered.");
      }
      return visibleUser(db, actor, id);
    },
  });

  const read = serve(schema.readInvitation, {
    access: "anonymous",
    async run({ db }, { token }) {
      const found = await findMailedToken(db, "invite", token);
      const user = found && (await unclaimed(db, found.userId));
      if (!found || !user) throw linkIsVoid();
      return { loginName: user.loginName, name: user.name, organization: await nameOf(db, found.orgId) };
    },
  });

  const accept = serve(schema.acceptInvitation, {
    access: "anonymous",
    async before(_, { token, password }) {
      const { db } = deps.database;
      const found = await findMailedToken(db, "invite", token);
      if (!found) throw linkIsVoid();
      return acceptNewPassword({ ...deps, db }, found.userId, { password });
    },
    async run({ db, actor, now, prepared: password_hash, ...tell }, { token }) {
      const { userId } = await useMailedToken(db, "invite", token);
      const done = await db
        .updateTable("users")
        .set({ password_hash, must_change_password: false, updated_at: now })
        .where("id", "=", userId)
        .where("password_hash", "is", null)
        .executeTakeFirst();
      if (done.numUpdatedRows !== 1n) throw linkIsVoid();
      const progress = { userId, proofs: ["password"], backendId: null, returnTo: null };
      return goOn({ ...deps, db }, progress, { actor: { ...actor, attemptId: null }, now, tell });
    },
  });
  return [invite, revoke, read, accept];
}

const unclaimed = (db: Db, id: string) =>
  db
    .selectFrom("users")
    .select(["login_name as loginName", "name"])
    .where("id", "=", id)
    .where("password_hash", "is", null)
    .executeTakeFirst();
