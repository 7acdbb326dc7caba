import { stringify } from "csv-stringify/sync";
import { type Actor, Fault } from "../../core/index.ts";
import { type Database, type Db, type Sealer, serve } from "../../db/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { z } from "zod";
import * as schema from "../schema.ts";
import type { User } from "../schema.ts";
import { listUsers } from "../users/user.store.ts";
import { cellsOf, EXPORTED, fieldsOf, guarded, problemOf, titleOf } from "./columns.ts";
import { addPiece, beginFile, bytesOf, ownFile } from "./file.store.ts";
import type { importUsersKind } from "./import-job.ts";
import { readRows, writeRows } from "./sheet.ts";

const PAGE = 200;
const SHOWN_ROWS = 10;
const MOST_EXPORTED = 100_000;
const HEAD = EXPORTED.map(titleOf);
const CSV = "text/csv; charset=utf-8";
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/** Without it spreadsheets take the file for another encoding. */
const BYTE_ORDER_MARK = "\uFEFF";

const csvOf = (rows: readonly (readonly string[])[]): Buffer =>
  Buffer.from(stringify(rows.map((row) => row.map(guarded))));

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

type Filter = z.output<typeof schema.listUsers.input>;

/** All that a filter leaves, a page at a time. */
async function* pages(db: Db, orgId: string, filter: Omit<Filter, "limit" | "cursor">): AsyncIterable<User[]> {
  let cursor: string | undefined;
  let count = 0;
  do {
    const page = await listUsers(db, orgId, { ...filter, limit: PAGE, cursor });
    yield page.items;
    count += page.items.length;
    cursor = page.next ?? undefined;
  } while (cursor && count < MOST_EXPORTED);
}

/** Users leaving as a file and coming in one. */
export function transferActions(deps: {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly platform: Pick<Platform, "startJob" | "mailIsConfigured">;
  readonly kind: ReturnType<typeof importUsersKind>;
}) {
  const { database, sealer, platform, kind } = deps;

  const exporting = serve(schema.exportUsers, {
    access: "granted",
    async run({ actor, deliver }, { format, ...filter }) {
      // The file is read after the transaction has ended.
      const found = pages(database.db, actor.orgId ?? "", filter);
      const roles = await rolesById(database.db);
      if (format === "csv") {
        deliver({ kind: "download", fileName: "users.csv", mediaType: CSV, body: csvPages(found, roles) });
        return {};
      }
      deliver({ kind: "download", fileName: "users.xlsx", mediaType: XLSX, body: xlsxFile(found, roles) });
      return {};
    },
  });

  const template = serve(schema.importTemplate, {
    access: "granted",
    async run({ deliver }, { format }) {
      const example = ["ada", "Ada Lovelace", "ada@example.org", "", "", "yes", "2027-12-31", "", "user", ""];
      const rows = [HEAD, example];
      const bytes =
        format === "csv" ? Buffer.concat([Buffer.from(BYTE_ORDER_MARK), csvOf(rows)]) : await writeRows(rows);
      deliver({
        kind: "download",
        fileName: `users-template.${format}`,
        mediaType: format === "csv" ? CSV : XLSX,
        body: once(bytes),
      });
      return {};
    },
  });

  const upload = serve(schema.uploadImport, {
    access: "granted",
    async run({ db, actor }, { fileId: begun, name, number, pieces, content }) {
      if (number >= pieces) throw new Fault("invalid", "There are fewer pieces than that.");
      const fileId = begun ?? (await beginFile(db, actor, { name, pieces }));
      const file = await ownFile(db, actor, fileId);
      if (file.pieces !== pieces) throw new Fault("invalid", "The file has another number of pieces.");
      await addPiece({ db, sealer }, fileId, number, Buffer.from(content, "base64"));
      return { fileId };
    },
  });

  const look = async (actor: Actor, fileId: string) => {
    const [head = [], ...rows] = await readRows(await bytesOf({ db: database.db, sealer }, actor, fileId));
    return { head, rows, fields: fieldsOf(head) };
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
      const { name } = await ownFile(db, actor, input.fileId);
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

async function* csvPages(found: AsyncIterable<User[]>, roles: ReadonlyMap<string, string>): AsyncIterable<Uint8Array> {
  yield Buffer.concat([Buffer.from(BYTE_ORDER_MARK), csvOf([HEAD])]);
  for await (const users of found) yield csvOf(users.map((user) => cellsOf(user, roles)));
}

async function* xlsxFile(found: AsyncIterable<User[]>, roles: ReadonlyMap<string, string>): AsyncIterable<Uint8Array> {
  const rows = [HEAD];
  for await (const users of found) for (const user of users) rows.push(cellsOf(user, roles));
  yield await writeRows(rows);
}
