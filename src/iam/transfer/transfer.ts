import { type Actor, Fault } from "../../core/index.ts";
import { type Database, type Db, serve } from "../../db/index.ts";
import { fieldsOf, fileOf, pagesOf, type Platform, titleOf } from "../../platform/index.ts";
import * as schema from "../schema.ts";
import type { User } from "../schema.ts";
import { listUsers } from "../users/user.store.ts";
import { cellsOf, EXPORTED, problemOf, TITLES } from "./columns.ts";
import type { importUsersKind } from "./import-job.ts";

const PAGE = 200;
const SHOWN_ROWS = 10;
const MOST_EXPORTED = 100_000;
const HEAD = EXPORTED.map((field) => titleOf(TITLES, field));
const EXAMPLE = ["ada", "Ada Lovelace", "ada@example.org", "", "", "yes", "2027-12-31", "", "user", ""];

/** Users leaving as a file and coming in one. */
export function transferActions(deps: {
  readonly database: Database;
  readonly platform: Pick<Platform, "startJob" | "mailIsConfigured" | "files">;
  readonly kind: ReturnType<typeof importUsersKind>;
}) {
  const { platform, kind } = deps;
  const { db: reader } = deps.database;

  const exporting = serve(schema.exportUsers, {
    access: "granted",
    async run({ actor, deliver }, { format, ...filter }) {
      const orgId = actor.orgId ?? "";
      const found = pagesOf((cursor) => listUsers(reader, orgId, { ...filter, limit: PAGE, cursor }), MOST_EXPORTED);
      deliver(fileOf({ name: "users", format, head: HEAD, pages: rowsOf(found, await rolesById(reader)) }));
      return {};
    },
  });

  const template = serve(schema.importTemplate, {
    access: "granted",
    async run({ deliver }, { format }) {
      deliver(fileOf({ name: "users-template", format, head: HEAD, pages: [[EXAMPLE]] }));
      return {};
    },
  });

  const upload = serve(schema.uploadImport, {
    access: "granted",
    run: async ({ db, actor }, piece) => ({ fileId: await platform.files.take(db, actor, piece) }),
  });

  const look = async (actor: Actor, fileId: string) => {
    const { head, rows } = await platform.files.read(actor, fileId);
    return { head, rows, fields: fieldsOf(TITLES, head) };
  };

  const preview = serve(schema.previewImport, {
    access: "granted",
    before: ({ actor }, { fileId }) => look(actor, fileId),
    async run({ prepared: { head, rows, fields } }) {
      const shown = rows
        .slice(0, SHOWN_ROWS)
        .map((row) =>
          head.map((_, index) => (fields[index] === "password" && row[index] ? "••••••" : (row[index] ?? ""))),
        );
      return {
        columns: head.map((title, index) => ({ title, field: fields[index] ?? null })),
        rows: shown,
        total: rows.length,
        problem: problemOf(fields, rows.length, true),
      };
    },
  });

  const start = serve(schema.importUsers, {
    access: "granted",
    before: ({ actor }, { fileId }) => look(actor, fileId),
    async run({ db, actor, prepared: { fields, rows }, note }, input) {
      const name = await platform.files.nameOf(db, actor, input.fileId);
      const problem = problemOf(fields, rows.length, input.passwords);
      if (problem) throw new Fault("invalid", problem);
      if (input.invite && !(await platform.mailIsConfigured(db))) {
        throw new Fault("conflict", "Mail is not set up. Do that in the settings, or import without invitations.");
      }
      if (input.invite && !actor.origin) throw new Fault("invalid", "Invitations are sent from the console.");
      note({ file: name, rows: rows.length });
      const wish = { ...input, origin: input.invite ? (actor.origin ?? null) : null };
      return { jobId: await platform.startJob(db, actor, kind, wish, { title: `Import users: ${name}` }) };
    },
  });
  return [exporting, template, upload, preview, start];
}

async function rolesById(db: Db): Promise<ReadonlyMap<string, string>> {
  const roles = await db.selectFrom("role").select(["id", "name"]).limit(5000).execute();
  return new Map(roles.map(({ id, name }) => [id, name]));
}

async function* rowsOf(found: AsyncIterable<readonly User[]>, roles: ReadonlyMap<string, string>) {
  for await (const users of found) yield users.map((user) => cellsOf(user, roles));
}
