import { z } from "zod";
import { endpoint } from "../../core/endpoint.ts";
import { Id, plain } from "../../core/fields.ts";
import { FileFormat, FilePiece, filePreview, ImportMode } from "../../platform/files/schema.ts";
import { listUsers } from "../users/schema.ts";

const Nothing = z.object({});

export const exportUsers = endpoint({
  route: "POST /users/export",
  name: "user.export",
  title: "Download the users that a filter leaves, as CSV or XLSX",
  input: listUsers.input.omit({ cursor: true, limit: true }).extend({
    format: FileFormat,
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
  input: z.object({ format: FileFormat }),
  output: Nothing,
});

export const uploadImport = endpoint({
  route: "POST /users/import/pieces",
  name: "user.import.upload",
  title: "Upload a file of users in pieces of at most 256 KiB; the last three files are kept for a day",
  input: FilePiece,
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
  output: filePreview(Field),
});

export const importUsers = endpoint({
  route: "POST /users/import",
  name: "user.import",
  title: "Import an uploaded file of users in the background; each row needs what it needs alone",
  input: z.object({
    fileId: Id,
    mode: ImportMode,
    /** Mail each new person a link to choose a password. */
    invite: z.boolean().default(false),
    /** The file holds initial passwords. */
    passwords: z.boolean().default(false),
  }),
  output: z.object({ jobId: Id }),
});
