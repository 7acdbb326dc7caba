import { z } from "zod";
import { type Actor, Fault, Id, type Runtime } from "../../core/index.ts";
import type { Db } from "../../db/index.ts";
import { starterNow } from "../../iam/index.ts";
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
import { grantsByName } from "../grants/grant.store.ts";
import * as schema from "../schema.ts";
import type { Grant, GrantField } from "../schema.ts";
import { cellsOf, type Directory, inputOf, problemOf, textsOf, titled, TITLES } from "./columns.ts";
import { idsByLoginName, idsByName, idsByPath } from "./name.store.ts";
import { namesIn, pathsIn } from "./words.ts";

const ImportInput = z.object({ fileId: Id, mode: ImportMode });

/** How many rows' names are looked up at one go. */
const BATCH = 100;

type Row = readonly string[];
interface Known {
  readonly grant: Grant;
  readonly cells: Readonly<Record<GrantField, string>>;
}
interface Prepared {
  readonly directory: Directory;
  /** The rules there are, by name in lower case. */
  readonly known: ReadonlyMap<string, Known>;
}

/** The import of a file of rules: a row at a time, as whoever started it and with what they may do at that moment. */
export function importGrantsKind(deps: { runtime: Runtime<Db>; files: Files; runRow: RunRow }) {
  const { files, runRow } = deps;
  const { db, now } = deps.runtime;

  async function prepare(orgId: string, fields: readonly (GrantField | null)[], rows: readonly Row[]) {
    const texts = rows.map((cells) => textsOf(fields, cells));
    const names = [...new Set(texts.flatMap(({ name }) => name ?? []))];
    const grants = await grantsByName(db, orgId, names, now());
    const cells = await cellsOf(
      db,
      orgId,
      grants.map(({ grant }) => grant),
    );
    const side = (field: "users" | "groups" | "assets"): string[] => [
      ...new Set(texts.flatMap((text) => readable(() => namesIn("", text[field] ?? "")))),
    ];
    const paths = texts.flatMap(({ nodes }) => readable(() => pathsIn("", nodes ?? "")));
    const directory: Directory = {
      users: await idsByLoginName(db, orgId, side("users")),
      groups: await idsByName(db, orgId, "user_group", side("groups")),
      assets: await idsByName(db, orgId, "asset", side("assets")),
      nodes: await idsByPath(db, orgId, paths),
    };
    return {
      directory,
      known: new Map(grants.map(({ asked, grant }, index) => [asked, { grant, cells: cells[index]! }] as const)),
    };
  }

  async function importAll(job: JobContext<z.output<typeof ImportInput>>): Promise<string> {
    const orgId = job.orgId ?? "";
    const { mode, fileId } = job.input;
    const { head, rows } = await files.read({ orgId, id: job.actor.id }, fileId, job.signal);
    const fields = fieldsOf(TITLES, head);
    const problem = problemOf(fields, rows.length);
    if (problem) throw new Fault("invalid", problem);
    const seen = createSeen();

    async function one(row: { actor: Actor; cells: Row; line: number; prepared: Prepared }) {
      const { actor, prepared } = row;
      const texts = textsOf(fields, row.cells);
      const { name } = texts;
      if (name === undefined) throw new Fault("invalid", `${titled("name")}: it is missing.`);
      const earlier = seen(name, row.line);
      if (earlier) throw new Fault("conflict", `Line ${earlier} has the same name.`);
      const known = prepared.known.get(name) ?? null;
      if (known && mode === "create") throw new Fault("conflict", `There is a rule "${name.slice(0, 128)}" already.`);
      if (!known && mode === "update") throw new Fault("not_found", "There is no rule of that name.");
      const input = inputOf(texts, prepared.directory, known?.cells ?? null);
      if (!known) {
        await runRow(actor, schema.createGrant, { accounts: {}, protocols: {}, ...input });
        return "created";
      }
      if (Object.keys(input).length === 0) return "unchanged";
      await runRow(actor, schema.updateGrant, { ...input, id: known.grant.id, version: known.grant.version });
      return "updated";
    }

    return importRows(job, {
      rows,
      // Rules give access: not one is made on a right that was taken away.
      askEvery: 1,
      batch: BATCH,
      actorNow: () => starterNow(db, job.actor, schema.importGrants.name),
      prepare: (part) => prepare(orgId, fields, part),
      subjectOf: (cells) => cells[fields.indexOf("name")] ?? "",
      one,
    });
  }

  return jobKind({
    key: "import-grants",
    title: "Import permission rules",
    permission: schema.importGrants.name,
    input: ImportInput,
    afterCrash: "restart",
    run: (job) => thenDrop(files, job.input.fileId, () => importAll(job)),
  });
}

/** What a cell names; what cannot be read is refused when its row comes. */
function readable<T>(read: () => readonly T[] | null): readonly T[] {
  try {
    return read() ?? [];
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}
