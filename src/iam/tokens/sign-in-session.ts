import { sql } from "kysely";
import { type Actor, notFound } from "../../core/index.ts";
import { type Db, page, serve } from "../../db/index.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import { mustHoldEverywhere, mustOutrank } from "../roles/role.ts";
import * as schema from "../schema.ts";
import type { SignInSession } from "../schema.ts";
import { visibleUser } from "../users/user.store.ts";
import { agentInWords } from "./agent-words.ts";
import { revokeCertificates } from "../certificates/ssh-certificate.store.ts";

interface Filter {
  readonly search?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Those that are still good, newest sign-in last. */
async function list(db: Db, userId: string, actor: Actor, { limit, cursor }: Filter) {
  const query = db
    .selectFrom("console_session as s")
    .where("s.user_id", "=", userId)
    .where("s.expires_at", ">", sql<Date>`now()`)
    .where(sql<boolean>`s.used_at > now() - make_interval(mins => s.idle_minutes)`)
    .select([
      "s.id",
      "s.address",
      "s.agent",
      "s.proofs",
      "s.idle_minutes as idleMinutes",
      "s.signed_in_at as signedInAt",
      "s.used_at as usedAt",
      "s.expires_at as expiresAt",
    ]);
  const found = await page(query, { by: "s.signed_in_at", id: "s.id", limit, cursor });
  const items = found.items.map(
    ({ agent, signedInAt, usedAt, expiresAt, ...row }): SignInSession => ({
      ...row,
      agent: agentInWords(agent),
      signedInAt: signedInAt.toISOString(),
      usedAt: usedAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      current: row.id === actor.signInId,
    }),
  );
  return { ...found, items };
}

async function end(db: Db, userId: string, id: string): Promise<void> {
  const gone = await db
    .deleteFrom("console_session")
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .executeTakeFirst();
  if (gone.numDeletedRows !== 1n) throw notFound("console session");
}

/** Console sessions but one, SSH connections, certificates, remembered proofs. API keys are programs' and stay. */
async function endAll(db: Db, userId: string, keep: string | null): Promise<void> {
  await endConsoleSessions(db, userId, keep);
  await db.deleteFrom("remembered_proof").where("user_id", "=", userId).execute();
  await revokeCertificates(db, userId);
  await db.updateTable("users").set({ signed_out_at: sql`clock_timestamp()` }).where("id", "=", userId).execute();
}

/** Keeps a console session alive that is used by other ways than requests: typing in a web terminal. */
export async function keepSessionInUse(db: Db, id: string): Promise<void> {
  await db.updateTable("console_session").set({ used_at: sql`now()` }).where("id", "=", id).execute();
}

export function signInSessionActions() {
  const mine = (actor: Actor): string => actor.id ?? "";

  /** A user whom the actor may sign out. */
  async function manageable(db: Db, actor: Actor, id: string, permission: string) {
    const user = await visibleUser(db, actor, id);
    await mustOutrank(db, actor, id);
    await mustHoldEverywhere(db, actor, id, permission);
    return user;
  }

  return [
    serve(schema.listMySignInSessions, {
      access: "signed-in",
      run: ({ db, actor }, input) => list(db, mine(actor), actor, input),
    }),
    serve(schema.endMySignInSession, {
      access: "signed-in",
      async run({ db, actor, about, deliver }, { id }) {
        about({ kind: "console-session", id, name: actor.name });
        await end(db, mine(actor), id);
        if (id === actor.signInId) deliver({ kind: "sign-out" });
        return {};
      },
    }),
    serve(schema.endAllMySignInSessions, {
      access: "signed-in",
      async run({ db, actor, about, deliver }, { keepThis }) {
        about({ kind: "user", id: mine(actor), name: actor.name });
        await endAll(db, mine(actor), keepThis ? actor.signInId : null);
        if (!keepThis) deliver({ kind: "sign-out" });
        return {};
      },
    }),
    serve(schema.listUserSignInSessions, {
      access: "granted",
      async run({ db, actor }, { id, ...input }) {
        await visibleUser(db, actor, id);
        return list(db, id, actor, input);
      },
    }),
    serve(schema.endUserSignInSession, {
      access: "granted",
      async run({ db, actor, about, note }, { id, sessionId }) {
        const user = await visibleUser(db, actor, id);
        about({ kind: "user", id, name: user.loginName });
        await manageable(db, actor, id, schema.endUserSignInSession.name);
        await end(db, id, sessionId);
        note({ session: sessionId });
        return {};
      },
    }),
    serve(schema.endAllUserSignInSessions, {
      access: "granted",
      async run({ db, actor, about }, { id }) {
        const user = await visibleUser(db, actor, id);
        about({ kind: "user", id, name: user.loginName });
        await manageable(db, actor, id, schema.endAllUserSignInSessions.name);
        await endAll(db, id, null);
        return {};
      },
    }),
  ];
}
