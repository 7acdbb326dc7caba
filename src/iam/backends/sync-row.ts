import { sql } from "kysely";
import { newId } from "../../core/index.ts";
import { type Db, violated } from "../../db/index.ts";
import { linkIdentity, takeAwaited } from "../identities/link.ts";
import { endConsoleSessions } from "../login/console-session.ts";
import { applyMappings, type Mapped } from "./apply-mappings.ts";
import type { DirectoryEntry } from "./backend.ts";
import type { Configured } from "./configured.ts";
import { storable } from "./storable.ts";

/** What a sync did about one entry. */
export interface SyncedRow {
  readonly outcome: "ok" | "skipped" | "failed";
  readonly subject: string;
  readonly message: string;
  /** The user whom it changed; null: nobody. */
  readonly userId: string | null;
}

interface Known {
  readonly id: string;
  readonly loginName: string;
  readonly name: string;
  readonly email: string | null;
  readonly active: boolean;
  readonly reason: string | null;
}

/** Brings one entry of a directory here. Runs in a piece of a transaction of its own. */
export async function syncEntry(db: Db, backend: Configured, entry: DirectoryEntry): Promise<SyncedRow> {
  if (!("subject" in entry)) return { outcome: "failed", subject: entry.label, message: entry.problem, userId: null };
  const person = storable(entry);
  const told = { subject: entry.loginName.slice(0, 200), userId: null };
  if (!person) {
    return {
      ...told,
      outcome: "failed",
      message: "The login name cannot be one here: no spaces and none of : @ / \\.",
    };
  }
  const known = await findKnown(db, backend.id, entry.issuer, entry.subject);
  if (known) {
    const changes = await renew(db, known, { ...person, active: entry.active !== false });
    const mapped = await applyMappings(db, backend.id, known.id, entry.groups);
    return rowOf(known.loginName, known.id, [...changes, ...wordsOf(mapped)]);
  }
  const awaited = await takeAwaited(db, backend, entry);
  if (awaited) {
    await linkIdentity(db, { backendId: backend.id, userId: awaited, outside: entry, now: new Date() });
    const mapped = await applyMappings(db, backend.id, awaited, entry.groups);
    return rowOf(entry.loginName, awaited, ["Linked to the user who was awaited by that name", ...wordsOf(mapped)]);
  }
  if (entry.active === false) return { ...told, outcome: "skipped", message: "Disabled in the directory; not created" };
  if (!backend.createsUsers || !backend.orgId) {
    return { ...told, outcome: "skipped", message: "Nobody here is linked, and this backend does not create users" };
  }
  const id = newId();
  const { loginName, name, email } = person;
  const taken = await db
    .selectFrom("users")
    .select("id")
    .where((row) => row(row.fn<string>("lower", ["login_name"]), "=", loginName.toLowerCase()))
    .executeTakeFirst();
  if (taken) return { ...told, outcome: "failed", message: takenWords(loginName, backend.name) };
  await db.insertInto("users").values({ id, login_name: loginName, name, email }).execute();
  await db.insertInto("membership").values({ org_id: backend.orgId, user_id: id }).execute();
  await db
    .insertInto("identity")
    .values({
      id: newId(),
      backend_id: backend.id,
      issuer: entry.issuer,
      subject: entry.subject,
      user_id: id,
      shown_name: entry.loginName.slice(0, 256),
    })
    .execute();
  return rowOf(loginName, id, ["Created", ...wordsOf(await applyMappings(db, backend.id, id, entry.groups))]);
}

/** Disables a linked user whom the directory does not have any more. */
export async function disableMissing(db: Db, user: { id: string; loginName: string }): Promise<SyncedRow> {
  await setActive(db, user.id, false);
  return rowOf(user.loginName, user.id, ["Disabled: not in the directory any more"]);
}

const takenWords = (loginName: string, backend: string): string =>
  `The login name "${loginName}" belongs to another user here, who is not taken over. If it is the same person, link that user to "${backend}"; otherwise rename one of them.`;

const rowOf = (loginName: string, userId: string, changes: readonly string[]): SyncedRow => ({
  outcome: changes.length > 0 ? "ok" : "skipped",
  subject: loginName,
  message: changes.length > 0 ? changes.join("; ") : "Nothing to change",
  userId: changes.length > 0 ? userId : null,
});

const wordsOf = ({ gave, tookBack }: Mapped): string[] => [
  ...(gave > 0 ? [`${gave} given by mappings`] : []),
  ...(tookBack > 0 ? [`${tookBack} taken back`] : []),
];

async function findKnown(db: Db, backendId: string, issuer: string, subject: string): Promise<Known | undefined> {
  return db
    .selectFrom("identity as i")
    .innerJoin("users as u", "u.id", "i.user_id")
    .select(["u.id", "u.login_name as loginName", "u.name", "u.email", "u.active", "u.disabled_reason as reason"])
    .where("i.backend_id", "=", backendId)
    .where("i.issuer", "=", issuer)
    .where("i.subject", "=", subject)
    .forUpdate("u")
    .executeTakeFirst();
}

/** Renews name and mail address, disables and enables; a user whom an administrator disabled stays so. */
async function renew(
  db: Db,
  known: Known,
  person: { readonly name: string; readonly email: string | null; readonly active: boolean },
): Promise<string[]> {
  const done: string[] = [];
  const email = person.email ?? known.email;
  if (person.name !== known.name || email !== known.email) {
    await db
      .updateTable("users")
      .set({ name: person.name, email, version: sql`version + 1`, updated_at: sql`now()` })
      .where("id", "=", known.id)
      .execute();
    done.push("Name or mail address renewed");
  }
  if (known.active && !person.active) {
    await setActive(db, known.id, false);
    done.push("Disabled, as in the directory");
  }
  if (!known.active && known.reason === "directory" && person.active) {
    await setActive(db, known.id, true);
    done.push("Enabled again");
  }
  return done;
}

async function setActive(db: Db, id: string, active: boolean): Promise<void> {
  await db
    .updateTable("users")
    .set({
      active,
      disabled_reason: active ? null : "directory",
      ...(active && { enabled_at: sql<Date>`now()` }),
      version: sql`version + 1`,
      updated_at: sql`now()`,
    })
    .where("id", "=", id)
    .execute();
  if (!active) await endConsoleSessions(db, id);
}

/**
 * Does the work of one row so that it stands or falls alone: what constraints refuse becomes the row's error. With
 * `keep` false it is tried and undone.
 */
export async function alone(db: Db, keep: boolean, label: string, work: () => Promise<SyncedRow>): Promise<SyncedRow> {
  await sql`savepoint sync_row`.execute(db);
  try {
    const row = await work();
    // What is checked at the end of the transaction is checked now: the last administrator stays.
    await sql`set constraints all immediate`.execute(db);
    await sql`set constraints all deferred`.execute(db);
    if (!keep) await sql`rollback to savepoint sync_row`.execute(db);
    await sql`release savepoint sync_row`.execute(db);
    return row;
  } catch (error) {
    const broken = violated(error);
    if (broken === null) throw error;
    await sql`rollback to savepoint sync_row`.execute(db);
    await sql`release savepoint sync_row`.execute(db);
    return {
      outcome: "failed",
      subject: label,
      message: REFUSALS[broken] ?? `Refused: ${broken.replaceAll("_", " ")}`,
      userId: null,
    };
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  organization_keeps_an_administrator: "This is the last administrator of an organization. Make another one first.",
  site_keeps_an_administrator: "This is the last system administrator. Make another one first.",
  user_login_name_is_unique: "Another user of that login name was created at the same moment. Run the sync again.",
};
