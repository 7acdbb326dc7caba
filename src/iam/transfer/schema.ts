import { z } from "zod";
import { endpoint } from "../../core/endpoint.ts";
import { Id, Name, plain, secret } from "../../core/fields.ts";
import { listUsers } from "../users/schema.ts";

const Format = z.enum(["csv", "xlsx"]);
const Nothing = z.object({});

export const exportUsers = endpoint({
  route: "POST /users/export",
  name: "user.export",
  title: "Download the users that a filter leaves, as CSV or XLSX",
  input: listUsers.input.omit({ cursor: true, limit: true }).extend({
    format: Format,
    // A body carries real booleans, an address does not.
    active: z.boolean().optional(),
    expired: z.boolean().optional(),
    hasSecondFactor: z.boolean().optional(),
    search: plain(z.string().trim().max(200)).optional(),
  }),
  output: Nothing,
});

export const importTemplate = endpoint({
  route: "GET /users/import-template",
  name: "user.import.template",
  title: "Download an empty file for an import of users",
  input: z.object({ format: Format }),
  output: Nothing,
});

/** 256 KiB as base64. */
const Piece = secret(
  z
    .string()
    .max(349_528)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/, "Not base64."),
);

export const uploadImport = endpoint({
  route: "POST /users/import/pieces",
  name: "user.import.upload",
  title: "Upload a file of users in pieces of at most 256 KiB; the last three files are kept for a day",
  input: z.object({
    /** Of the first piece's answer; absent for the first. */
    fileId: Id.optional(),
    name: Name,
    number: z.number().int().min(0).max(39),
    pieces: z.number().int().min(1).max(40),
    content: Piece,
  }),
  output: z.object({ fileId: Id }),
});

const Field = z.enum([
  "loginName",
  "name",
  "email",
  "phone",
  "comment",
  "active",
  "expiresAt",
  "timeZone",
  "roles",
  "groups",
  "mustChangePassword",
  "password",
]);
export type ImportField = z.output<typeof Field>;

export const previewImport = endpoint({
  route: "POST /users/import/preview",
  name: "user.import.preview",
  title: "Tell how an uploaded file of users is understood",
  input: z.object({ fileId: Id }),
  output: z.object({
    columns: z.array(z.object({ title: plain(z.string()), field: Field.nullable() })),
    /** The first rows; passwords are not shown. */
    rows: z.array(z.array(plain(z.string()))),
    total: z.number().int(),
    /** What keeps the file from being imported; null: nothing. */
    problem: plain(z.string()).nullable(),
  }),
});

export const importUsers = endpoint({
  route: "POST /users/import",
  name: "user.import",
  title: "Import an uploaded file of users in the background; each row needs what it needs alone",
  input: z.object({
    fileId: Id,
    mode: z.enum(["create", "update", "both"]),
    /** Mail each new person a link to choose a password. */
    invite: z.boolean().default(false),
    /** The file holds initial passwords. */
    passwords: z.boolean().default(false),
  }),
  output: z.object({ jobId: Id }),
});
