import type { z } from "zod";
import { type Actor, Fault } from "../../core/index.ts";
import type { Database, Db, Sealer } from "../../db/index.ts";
import { addPiece, beginFile, bytesOf, dropFile, type Owner, ownFile, tidyImportFiles } from "./file.store.ts";
import type { FilePiece } from "./schema.ts";
import { readRows } from "./sheet.ts";

/** Files that people upload for an import: kept sealed for a day, the last three of each person, and theirs alone. */
export type Files = ReturnType<typeof createFiles>;

export function createFiles(deps: { readonly database: Database; readonly sealer: Sealer }) {
  const { sealer } = deps;
  const { db } = deps.database;

  return {
    /** Takes a piece of the actor's file and returns the file's id. */
    async take(tx: Db, actor: Actor, piece: z.output<typeof FilePiece>): Promise<string> {
      const { fileId: begun, name, number, pieces, content } = piece;
      if (number >= pieces) throw new Fault("invalid", "There are fewer pieces than that.");
      const fileId = begun ?? (await beginFile(tx, actor, { name, pieces }));
      const file = await ownFile(tx, actor, fileId);
      if (file.pieces !== pieces) throw new Fault("invalid", "The file has another number of pieces.");
      await addPiece({ db: tx, sealer }, fileId, number, Buffer.from(content, "base64"));
      return fileId;
    },

    /** The file's name, if it is the owner's in their organization; Fault `not_found` otherwise. */
    nameOf: async (tx: Db, owner: Owner, fileId: string): Promise<string> => (await ownFile(tx, owner, fileId)).name,

    /** The head and the rows of the owner's file. Fault `invalid` for what cannot be read, or was not uploaded as a whole. */
    async read(owner: Owner, fileId: string, signal?: AbortSignal): Promise<{ head: string[]; rows: string[][] }> {
      const [head = [], ...rows] = await readRows(await bytesOf({ db, sealer }, owner, fileId), signal);
      return { head, rows };
    },

    drop: (fileId: string): Promise<void> => dropFile(db, fileId),

    /** Removes files whose import never began. */
    tidy: (): Promise<void> => tidyImportFiles(db),
  };
}
