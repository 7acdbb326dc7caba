import { z } from "zod";
import { type Actor, Fault, Id, plain } from "../../core/index.ts";
import type { Database, Db, Sealer } from "../../db/index.ts";
import { type JobContext, jobKind } from "../../platform/index.ts";
import { standingOf } from "../login/presence.ts";
import * as schema from "../schema.ts";
import { createSeen, inParallel, outcomeOf, type RunRow } from "../users/rows.ts";
import { findByLoginName } from "../users/user.store.ts";
import { type Directory, fieldsOf, inputOf, problemOf } from "./columns.ts";
import { bytesOf, dropFile } from "./file.store.ts";
import { readRows } from "./sheet.ts";

const ImportInput = z.object({
  fileId: Id,
  mode: z.enum(["create", "update", "both"]),
  invite: z.boolean(),
  passwords: z.boolean(),
  /** Where the console is, for the links of invitations. */
  origin: plain(z.string().max(300)).nullable(),
});

/** Few enough that others get their turn; two of the four hashes that run at once. */
const AT_ONCE = 4;
const AT_ONCE_WITH_PASSWORDS = 2;
/** How many rows may be done on rights that were taken away meanwhile. */
const ASK_EVERY = 50;

interface Counts {
  created: number;
  updated: number;
  failed: number;
}

/** The import of a file of users: a row at a time, as whoever started it and with what they may do at that moment. */
export function importUsersKind(deps: { database: Database; sealer: Sealer; runRow: RunRow }) {
  const { database, runRow } = deps;
  const { db } = database;

  async function rowsOf(job: JobContext<z.output<typeof ImportInput>>) {
    const bytes = await bytesOf({ db, sealer: deps.sealer }, { orgId: job.orgId, id: job.actor.id }, job.input.fileId);
    const [head = [], ...rows] = await readRows(bytes, job.signal);
    const fields = fieldsOf(head);
    const problem = problemOf(fields, rows.length, job.input.passwords);
    if (problem) throw new Fault("invalid", problem);
    return { fields, rows };
  }

  async function importAll(job: JobContext<z.output<typeof ImportInput>>): Promise<string> {
    const { mode, invite, passwords, origin } = job.input;
    const { fields, rows } = await rowsOf(job);
    const directory = await directoryOf(db, job.orgId ?? "");
    const counts: Counts = { created: 0, updated: 0, failed: 0 };
    let actor = await actorNow(db, job.actor, origin);
    let done = 0;
    job.progress(0, rows.length);

    const seen = createSeen();

    async function one(cells: readonly string[], line: number): Promise<void> {
      const { password, ...input } = inputOf(fields, cells, directory);
      const loginName = typeof input.loginName === "string" ? input.loginName : "";
      if (loginName === "") throw new Fault("invalid", "The login name is missing.");
      const earlier = seen(loginName, line);
      if (earlier) throw new Fault("conflict", `Line ${earlier} has the same login name.`);
      const known = mode === "create" ? null : await findByLoginName(db, job.orgId ?? "", loginName);
      if (known) {
        const { loginName: _, ...changes } = input;
        if (!cells[fields.indexOf("name")]?.trim()) delete changes.name;
        await runRow(actor, schema.updateUser, { ...changes, id: known.id, version: known.version });
        counts.updated += 1;
      } else if (mode === "update") {
        throw new Fault("not_found", "Nobody in this organization has the login name.");
      } else {
        await runRow(actor, schema.createUser, { ...input, ...(password !== undefined && { password }), invite });
        counts.created += 1;
      }
    }

    const width = passwords ? AT_ONCE_WITH_PASSWORDS : AT_ONCE;
    await inParallel(
      rows,
      width,
      async (cells, index) => {
        if (cells.every((cell) => cell.trim() === "")) return;
        if (index % ASK_EVERY === ASK_EVERY - 1) actor = await actorNow(db, job.actor, origin);
        const { outcome, message } = await outcomeOf(() => one(cells, index + 2));
        if (outcome === "failed") {
          counts.failed += 1;
          const subject = cells[fields.indexOf("loginName")] ?? "";
          // The head is line 1.
          await job.result({ outcome, subject: `Line ${index + 2}: ${subject}`, message });
        }
        job.progress(++done, rows.length);
      },
      job.signal,
    );
    job.progress(rows.length, rows.length);
    return `${counts.created} created, ${counts.updated} changed, ${counts.failed} refused.`;
  }

  return jobKind({
    key: "import-users",
    title: "Import users",
    permission: schema.importUsers.name,
    input: ImportInput,
    afterCrash: "restart",
    async run(job) {
      try {
        const word = await importAll(job);
        await dropFile(db, job.input.fileId);
        return word;
      } catch (error) {
        // A program that stops goes on later and needs the file.
        if (error instanceof Fault) await dropFile(db, job.input.fileId);
        throw error;
      }
    },
  });
}

/** Whoever started it, with what they hold now; Fault `denied` when they may not act any more. */
async function actorNow(db: Db, starter: Actor, origin: string | null): Promise<Actor> {
  const standing = await standingOf(db, starter.id ?? "", starter.orgId ?? "");
  if (!standing?.has(schema.importUsers.name)) {
    throw new Fault("denied", "Whoever started the import may not import users any more.");
  }
  return { ...starter, origin, permissions: standing };
}

async function directoryOf(db: Db, orgId: string): Promise<Directory> {
  const groups = await db
    .selectFrom("user_group")
    .select(["id", "name"])
    .where("org_id", "=", orgId)
    .limit(20_000)
    .execute();
  const roles = await db
    .selectFrom("role")
    .select(["id", "name"])
    .where("scope", "=", "organization")
    .where((row) => row.or([row("org_id", "is", null), row("org_id", "=", orgId)]))
    .limit(2000)
    .execute();
  return {
    groups: new Map(groups.map(({ id, name }) => [name.toLowerCase(), id])),
    roles: new Map([
      ...roles.map(({ id, name }) => [name.toLowerCase(), id] as const),
      ...roles.map(({ id }) => [id, id] as const),
    ]),
  };
}
