import { type Actor, Fault } from "../../core/index.ts";
import { type Db, serve } from "../../db/index.ts";
import { fieldsOf, fileOf, pagesOf, type Platform } from "../../platform/index.ts";
import { listGrants } from "../grants/grant.store.ts";
import * as schema from "../schema.ts";
import { GRANT_FIELDS, type Grant, type GrantField } from "../schema.ts";
import { cellsOf, problemOf, titled, TITLES } from "./columns.ts";
import type { importGrantsKind } from "./import-job.ts";

const PAGE = 50;
const SHOWN_ROWS = 10;
const SHOWN_TEXT = 500;
const MOST_EXPORTED = 100_000;
const HEAD = GRANT_FIELDS.map(titled);
const EXAMPLE: Partial<Record<GrantField, string>> = {
  name: "Example",
  active: "no",
  accounts: "root; @same-name",
  protocols: "ssh",
  actions: "connect; upload; download",
  expiresAt: "2027-12-31",
  atEnd: "warn 10",
};

const rowOf = (cells: Partial<Record<GrantField, string>>): string[] => GRANT_FIELDS.map((field) => cells[field] ?? "");

/** Permission rules leaving as a file and coming in one. */
export function grantFileActions(deps: {
  /** For reading while a file is downloaded. */
  readonly db: Db;
  readonly platform: Pick<Platform, "startJob" | "files">;
  readonly kind: ReturnType<typeof importGrantsKind>;
}) {
  const { platform, kind } = deps;
  const { db: reader } = deps;

  async function* rowsOf(orgId: string, found: AsyncIterable<readonly Grant[]>) {
    for await (const grants of found) yield (await cellsOf(reader, orgId, grants)).map(rowOf);
  }

  const exporting = serve(schema.exportGrants, {
    access: "granted",
    async run({ actor, now, deliver }, { format, ...filter }) {
      const orgId = actor.orgId ?? "";
      const found = pagesOf(
        (cursor) => listGrants(reader, orgId, { ...filter, limit: PAGE, cursor }, now),
        MOST_EXPORTED,
      );
      deliver(fileOf({ name: "permission-rules", format, head: HEAD, pages: rowsOf(orgId, found) }));
      return {};
    },
  });

  const template = serve(schema.grantTemplate, {
    access: "granted",
    async run({ deliver }, { format }) {
      deliver(fileOf({ name: "permission-rules-template", format, head: HEAD, pages: [[rowOf(EXAMPLE)]] }));
      return {};
    },
  });

  const upload = serve(schema.uploadGrants, {
    access: "granted",
    run: async ({ db, actor }, piece) => ({ fileId: await platform.files.take(db, actor, piece) }),
  });

  const look = async (actor: Actor, fileId: string) => {
    const { head, rows } = await platform.files.read(actor, fileId);
    const fields = fieldsOf(TITLES, head);
    return { head, rows, fields, problem: problemOf(fields, rows.length) };
  };

  const preview = serve(schema.previewGrants, {
    access: "granted",
    before: ({ actor }, { fileId }) => look(actor, fileId),
    async run({ prepared: { head, rows, fields, problem } }) {
      return {
        columns: head.map((title, index) => ({ title, field: fields[index] ?? null })),
        rows: rows
          .slice(0, SHOWN_ROWS)
          .map((row) => head.map((_, index) => (row[index] ?? "").slice(0, SHOWN_TEXT).toWellFormed())),
        total: rows.length,
        problem,
      };
    },
  });

  const start = serve(schema.importGrants, {
    access: "granted",
    before: ({ actor }, { fileId }) => look(actor, fileId),
    async run({ db, actor, prepared: { rows, problem }, note }, input) {
      const name = await platform.files.nameOf(db, actor, input.fileId);
      if (problem) throw new Fault("invalid", problem);
      mayByKey(actor, input.mode);
      note({ file: name, rows: rows.length });
      return { jobId: await platform.startJob(db, actor, kind, input, { title: `Import permission rules: ${name}` }) };
    },
  });
  return [exporting, template, upload, preview, start];
}

/** A job knows no API key: whatever its rows do, the key must be made for. Fault `denied`. */
function mayByKey({ scopes }: Actor, mode: "create" | "update" | "both"): void {
  const needed = [
    ...(mode === "update" ? [] : [schema.createGrant.name]),
    ...(mode === "create" ? [] : [schema.updateGrant.name]),
  ];
  const missing = needed.filter((one) => scopes && !scopes.has(one));
  if (missing.length > 0) {
    throw new Fault("denied", `This API key is not made for ${missing.join(" and ")}. Use one that is.`);
  }
}
