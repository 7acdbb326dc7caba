import { z } from "zod";
import { type Actor, Fault, Id, plain } from "../../core/index.ts";
import type { Database, Db } from "../../db/index.ts";
import {
  createSeen,
  fieldsOf,
  type Files,
  importRows,
  type JobContext,
  jobKind,
  type RunRow,
  thenDrop,
} from "../../platform/index.ts";
import { ImportMode } from "../../platform/schema.ts";
import { starterNow } from "../login/presence.ts";
import * as schema from "../schema.ts";
import { findByLoginName } from "../users/user.store.ts";
import { type Directory, inputOf, problemOf, TITLES } from "./columns.ts";

const ImportInput = z.object({
  fileId: Id,
  mode: ImportMode,
  invite: z.boolean(),
  passwords: z.boolean(),
  /** Where the console is, for the links of invitations. */
  origin: plain(z.string().max(300)).nullable(),
});

/** Two of the four hashes that run at once. */
const AT_ONCE_WITH_PASSWORDS = 2;
/** How many rows may be done on rights that were taken away meanwhile. */
const ASK_EVERY = 50;

/** The import of a file of users: a row at a time, as whoever started it and with what they may do at that moment. */
export function importUsersKind(deps: { database: Database; files: Files; runRow: RunRow }) {
  const { files, runRow } = deps;
  const { db } = deps.database;

  async function rowsOf(job: JobContext<z.output<typeof ImportInput>>) {
    const owner = { orgId: job.orgId, id: job.actor.id };
    const { head, rows } = await files.read(owner, job.input.fileId, job.signal);
    const fields = fieldsOf(TITLES, head);
    const problem = problemOf(fields, rows.length, job.input.passwords);
    if (problem) throw new Fault("invalid", problem);
    return { fields, rows };
  }

  async function importAll(job: JobContext<z.output<typeof ImportInput>>): Promise<string> {
    const { mode, invite, passwords, origin } = job.input;
    const { fields, rows } = await rowsOf(job);
    const directory = await directoryOf(db, job.orgId ?? "");
    const seen = createSeen();

    async function one({ actor, cells, line }: { actor: Actor; cells: readonly string[]; line: number }) {
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
        return "updated";
      }
      if (mode === "update") throw new Fault("not_found", "Nobody in this organization has the login name.");
      await runRow(actor, schema.createUser, { ...input, ...(password !== undefined && { password }), invite });
      return "created";
    }

    return importRows(job, {
      rows,
      ...(passwords && { atOnce: AT_ONCE_WITH_PASSWORDS }),
      askEvery: ASK_EVERY,
      batch: 1000,
      actorNow: async () => ({ ...(await starterNow(db, job.actor, schema.importUsers.name)), origin }),
      prepare: async () => null,
      subjectOf: (cells) => cells[fields.indexOf("loginName")] ?? "",
      one,
    });
  }

  return jobKind({
    key: "import-users",
    title: "Import users",
    permission: schema.importUsers.name,
    input: ImportInput,
    afterCrash: "restart",
    run: (job) => thenDrop(files, job.input.fileId, () => importAll(job)),
  });
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
