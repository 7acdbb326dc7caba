import { z } from "zod";
import { Id, Name, plain, secret } from "../../core/fields.ts";

/** What tables leave and come in as. */
export const FileFormat = z.enum(["csv", "xlsx"]);
export type FileFormat = z.output<typeof FileFormat>;

/** What an import does: make what is new, change what is known, or both. */
export const ImportMode = z.enum(["create", "update", "both"]);

/** A piece of an uploaded file: 256 KiB as base64. */
export const FilePiece = z.object({
  /** Of the first piece's answer; absent for the first. */
  fileId: Id.optional(),
  name: Name,
  number: z.number().int().min(0).max(39),
  pieces: z.number().int().min(1).max(40),
  content: secret(
    z
      .string()
      .max(349_528)
      .regex(/^[A-Za-z0-9+/]*={0,2}$/, "Not base64."),
  ),
});

/** How an uploaded file is understood; `Field`: what its columns may be. */
export const filePreview = <F extends z.ZodType>(Field: F) =>
  z.object({
    columns: z.array(z.object({ title: plain(z.string()), field: Field.nullable() })),
    /** The first rows; what is secret is not shown. */
    rows: z.array(z.array(plain(z.string()))),
    total: z.number().int(),
    /** What keeps the file from being imported; null: nothing. */
    problem: plain(z.string()).nullable(),
  });
