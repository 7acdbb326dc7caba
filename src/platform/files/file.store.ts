import { sql } from "kysely";
import { type Actor, Fault, newId, notFound } from "../../core/index.ts";
import type { Db, Sealer } from "../../db/index.ts";

const contextOf = (fileId: string, number: number): string => `import_piece:${fileId}:${number}`;
const VALID_HOURS = 24;
const MOST_FILES = 3;

/** Begins a file; of the person's earlier ones only the newest stay. */
export async function beginFile(db: Db, actor: Actor, file: { name: string; pieces: number }): Promise<string> {
  await sql`delete from import_file where id in (
    select id from import_file where user_id = ${actor.id} order by created_at desc offset ${MOST_FILES - 1})`.execute(
    db,
  );
  const id = newId();
  await db
    .insertInto("import_file")
    .values({
      id,
      org_id: actor.orgId ?? "",
      user_id: actor.id ?? "",
      name: file.name,
      pieces: file.pieces,
      expires_at: sql<Date>`now() + make_interval(hours => ${VALID_HOURS})`,
    })
    .execute();
  return id;
}

/** Whose a file is: of one person in one organization. */
export interface Owner {
  readonly orgId: string | null;
  readonly id: string | null;
}

/** The file, if it is the actor's own in this organization; Fault `not_found` otherwise. */
export async function ownFile(db: Db, { orgId, id }: Owner, fileId: string): Promise<{ name: string; pieces: number }> {
  const row = await db
    .selectFrom("import_file")
    .select(["name", "pieces"])
    .where("id", "=", fileId)
    .where("org_id", "=", orgId)
    .where("user_id", "=", id)
    .where("expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  if (!row) throw notFound("uploaded file");
  return row;
}

export async function addPiece(
  deps: { readonly db: Db; readonly sealer: Sealer },
  fileId: string,
  number: number,
  bytes: Buffer,
): Promise<void> {
  const sealed = deps.sealer.seal(bytes, contextOf(fileId, number));
  await deps.db
    .insertInto("import_piece")
    .values({ file_id: fileId, number, sealed })
    .onConflict((conflict) => conflict.columns(["file_id", "number"]).doUpdateSet({ sealed }))
    .execute();
}

/** All bytes of a file; Fault `invalid` while pieces are missing. One piece at a time: a large array would block. */
export async function bytesOf(
  deps: { readonly db: Db; readonly sealer: Sealer },
  owner: Owner,
  fileId: string,
): Promise<Uint8Array> {
  const { pieces } = await ownFile(deps.db, owner, fileId);
  const parts: Buffer[] = [];
  for (let number = 0; number < pieces; number++) {
    const row = await deps.db
      .selectFrom("import_piece")
      .select("sealed")
      .where("file_id", "=", fileId)
      .where("number", "=", number)
      .executeTakeFirst();
    if (!row) throw new Fault("invalid", "The file was not uploaded as a whole. Upload it again.");
    parts.push(deps.sealer.open(row.sealed, contextOf(fileId, number)));
  }
  return Buffer.concat(parts);
}

export async function dropFile(db: Db, fileId: string): Promise<void> {
  await db.deleteFrom("import_file").where("id", "=", fileId).execute();
}

/** Removes files whose import never began. */
export async function tidyImportFiles(db: Db): Promise<void> {
  await sql`delete from import_file where expires_at < now()`.execute(db);
}
