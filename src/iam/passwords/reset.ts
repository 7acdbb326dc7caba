import { setTimeout as wait } from "node:timers/promises";
import { sql } from "kysely";
import { Fault } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { countAttempt } from "../login/brake.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import { mayComeFrom } from "../login/networks.ts";
import { goOn, type WayInDeps } from "../login/way-in.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import type { Postal } from "../users/invitation.ts";
import {
  findMailedToken,
  linkIsVoid,
  mailIsDue,
  mailMustBeDue,
  makeMailedToken,
  useMailedToken,
} from "../users/mailed-token.ts";
import { visibleUser } from "../users/user.store.ts";
import { resetMail, tellReplaced } from "./messages.ts";
import { acceptNewPassword, storePassword } from "./policy.ts";

const VALID_HOURS = 1;
/** However long looking somebody up and writing to them takes: the answer comes after this. */
const ANSWER_MS = 600;
const MOST_NAMESAKES = 5;
/** What asking, and wrong tokens, are counted under; a slash is in no login name. */
const ASKING = "/forgot";
const GUESSING = "/reset";

interface Person {
  readonly id: string;
  readonly loginName: string;
  readonly name: string;
  readonly email: string;
}

type Deps = WayInDeps & { readonly platform: Postal; readonly consoleOrigin: string | null };

/** Those who have a password to replace and an address, by login name or by address. */
const peopleCalled = (db: Db, who: string): Promise<Person[]> =>
  sql<Person>`
    select u.id, u.login_name as "loginName", u.name, u.email from users u
    where (lower(u.login_name) = lower(${who}) or lower(u.email) = lower(${who}))
      and u.email is not null and u.password_hash is not null and u.active and u.kind = 'person'
      and (u.expires_at is null or u.expires_at > now())
    order by u.id limit ${MOST_NAMESAKES}`
    .execute(db)
    .then(({ rows }) => rows);

async function mailLink(
  { platform, origin }: { readonly platform: Postal; readonly origin: string },
  db: Db,
  { person, orgId }: { readonly person: Person; readonly orgId: string | null },
): Promise<void> {
  const { id: userId, email, name, loginName } = person;
  const { token, expiresAt } = await makeMailedToken(db, {
    userId,
    email,
    orgId,
    purpose: "reset",
    hours: VALID_HOURS,
  });
  await platform.notify(db, {
    to: { userId },
    orgId,
    template: resetMail,
    values: { name, loginName, link: `${origin}/reset#${token}` },
    until: expiresAt,
  });
}

function forgotAction(deps: Deps) {
  const { database, platform, consoleOrigin } = deps;

  /** Where links lead. Never what a stranger's request calls the console: that would lead the token to the stranger. */
  async function originOfLinks(): Promise<string> {
    if (consoleOrigin && (await platform.mailIsConfigured(database.db))) return consoleOrigin;
    throw new Fault("conflict", "New passwords are not mailed here. Ask an administrator to set one for you.");
  }

  return serve(schema.forgotPassword, {
    access: "anonymous",
    async before({ actor }, { who }) {
      const isShared = await mayComeFrom({ ...deps, db: database.db }, actor.address);
      const origin = await originOfLinks();
      await countAttempt(database.db, ASKING, actor.address, { isShared });
      const answered = wait(ANSWER_MS);
      const mailed = await database.transaction(async (db) => {
        const due: Person[] = [];
        for (const person of await peopleCalled(db, who)) if (await mailIsDue(db, person.id)) due.push(person);
        for (const person of due) await mailLink({ platform, origin }, db, { person, orgId: null });
        return due;
      });
      await answered;
      return mailed;
    },
    async run({ prepared: mailed, about, note }) {
      const [only] = mailed;
      if (only && mailed.length === 1) about({ kind: "user", id: only.id, name: only.loginName });
      note({ mails: mailed.length });
      return {};
    },
  });
}

function resetAction(deps: Deps) {
  return serve(schema.resetPassword, {
    access: "anonymous",
    async before({ actor }, { token, password }) {
      const { db } = deps.database;
      const isShared = await mayComeFrom({ ...deps, db }, actor.address);
      const found = await findMailedToken(db, "reset", token);
      if (!found) {
        await countAttempt(db, GUESSING, actor.address, { isShared });
        throw linkIsVoid();
      }
      return acceptNewPassword({ ...deps, db }, found.userId, { password });
    },
    async run({ db, actor, now, prepared: hash, ...tell }, { token }) {
      const { userId } = await useMailedToken(db, "reset", token);
      await storePassword(db, userId, hash);
      await endConsoleSessions(db, userId);
      await tellReplaced(deps.platform, db, { userId, actor, now });
      const progress = { userId, proofs: ["password"], backendId: null, returnTo: null };
      return goOn({ ...deps, db }, progress, { actor: { ...actor, attemptId: null }, now, tell });
    },
  });
}

function mailResetLinkAction(deps: Deps) {
  const { platform } = deps;
  return serve(schema.mailResetLink, {
    access: "granted",
    async run({ db, actor, about }, { id }) {
      const user = await visibleUser(db, actor, id);
      about({ kind: "user", id, name: user.loginName });
      await mustOutrank(db, actor, id);
      await mustHoldEverywhere(db, actor, id, schema.mailResetLink.name);
      const { email, loginName, name } = user;
      if (email === null) throw new Fault("invalid", "Give the user a mail address first.");
      if (!user.hasPassword) throw new Fault("conflict", "This user has no password here. Invite them instead.");
      const origin = deps.consoleOrigin ?? actor.origin;
      if (!origin) throw new Fault("invalid", "Links are sent from the console, whose address they carry.");
      if (!(await platform.mailIsConfigured(db)))
        throw new Fault("conflict", "Mail is not set up. Do that in the settings.");
      await mailMustBeDue(db, id);
      await mailLink({ platform, origin }, db, { person: { id, loginName, name, email }, orgId: actor.orgId });
      return user;
    },
  });
}

/** Forgotten passwords: asking for a link, using it, and mailing one to somebody. */
export const resetActions = (deps: Deps) => [forgotAction(deps), resetAction(deps), mailResetLinkAction(deps)];
